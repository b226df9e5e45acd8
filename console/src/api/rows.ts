/** Rows of a job with their own cells: windows of them, and single ones. */
import { queryOptions } from "@tanstack/react-query";
import { api, type JobRow, ok } from "./client";

/** Rows of a window. */
export const PAGE = 200;
/** A page of the API ends early when its cells are large; a window is put together from at most this many. */
const MOST_CALLS = 12;

export interface RowWindow {
  /** By their number in the file. */
  rows: Map<number, JobRow>;
  columns: string[];
  isGone: boolean;
}

async function fetchWindow(
  job: string,
  first: number,
  last: number,
  signal: AbortSignal,
): Promise<RowWindow> {
  const out: RowWindow = { rows: new Map(), columns: [], isGone: false };
  let next = first;
  for (let call = 0; call < MOST_CALLS && next <= last; call++) {
    const query = { first_row: next, page_size: last - next + 1, with_cells: true };
    const page = await ok(api.GET("/v1/jobs/{job}/rows", { params: { path: { job }, query }, signal }));
    for (const row of page.rows) out.rows.set(row.number, row);
    if (page.columns.length) out.columns = page.columns;
    out.isGone ||= page.cells_gone;
    const reached = page.rows.at(-1)?.number;
    if (reached === undefined) break;
    next = reached + 1;
  }
  return out;
}

/** The window of rows from one on, not beyond the job's last. */
export const rowWindow = (job: string, first: number, last: number) =>
  queryOptions({
    queryKey: ["jobs", job, "rows", "from", first],
    queryFn: ({ signal }) => fetchWindow(job, first, Math.min(last, first + PAGE - 1), signal),
    // Twenty windows or so stay; those that were scrolled away long ago go.
    gcTime: 60_000,
  });

/** One row, whole. */
export const oneRow = (job: string, row: number) =>
  queryOptions({
    queryKey: ["jobs", job, "rows", "one", row],
    queryFn: async ({ signal }) => {
      const { rows, columns, isGone } = await fetchWindow(job, row, row, signal);
      return { row: rows.get(row), columns, isGone };
    },
  });
