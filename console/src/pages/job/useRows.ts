import { keepPreviousData, useInfiniteQuery, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Job, JobRow } from "@/api/client";
import { pagesOf } from "@/api/pages";
import { PAGE, rowWindow } from "@/api/rows";
import { hasEnded } from "@/api/watch";

/** While a job runs, its rows are asked for again at most so often. */
const REFRESH_MS = 2500;
/** Pages in sight, and one more at each side. */
const AROUND = 1;

export interface Rows {
  count: number;
  /** Undefined while it is on its way. */
  at: (index: number) => JobRow | undefined;
  /** The file's own columns, as the job read them. */
  columns: string[];
  isGone: boolean;
  isLoading: boolean;
  hasMore: boolean;
  error: unknown;
  retry: () => void;
  onRange: (first: number, last: number) => void;
}

/** Without a filter, any part of a job's rows can be jumped to; with one, they come from the first on. */
export function useRows(id: string, job: Job, filter: string): Rows {
  useRefresh(id, job);
  const windows = useWindows(id, job, filter === "");
  const filtered = useFiltered(id, filter);
  return filter ? filtered : windows;
}

function useWindows(id: string, job: Job, enabled: boolean): Rows {
  const count = Math.max(0, job.last_row - job.first_row + 1);
  const [range, setRange] = useState({ from: 0, to: 0 });
  const pages: number[] = [];
  for (
    let page = Math.max(0, range.from - AROUND);
    page <= Math.min(Math.floor((count - 1) / PAGE), range.to + AROUND);
    page++
  )
    pages.push(page);
  const windows = useQueries({
    queries: pages.map((page) => ({
      ...rowWindow(id, job.first_row + page * PAGE, job.last_row),
      enabled,
      placeholderData: keepPreviousData,
    })),
  });
  const shown = JSON.stringify([pages, windows.map((each) => each.dataUpdatedAt)]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same windows with the same data are the same rows
  const byPage = useMemo(() => new Map(pages.map((page, place) => [page, windows[place]?.data])), [shown]);
  const known = windows.find((each) => each.data)?.data;
  const failed = windows.find((each) => each.error);
  const onRange = useCallback((first: number, last: number) => {
    const next = { from: Math.floor(first / PAGE), to: Math.floor(last / PAGE) };
    // The same object as long as the same pages are in sight: scrolling draws nothing but the grid.
    setRange((now) => (now.from === next.from && now.to === next.to ? now : next));
  }, []);
  return {
    count,
    at: useCallback(
      (index) => byPage.get(Math.floor(index / PAGE))?.rows.get(job.first_row + index),
      [byPage, job.first_row],
    ),
    columns: known?.columns ?? [],
    isGone: known?.isGone ?? false,
    isLoading: enabled && !known && !failed,
    hasMore: false,
    error: failed?.error,
    retry: () => void failed?.refetch(),
    onRange,
  };
}

function useFiltered(id: string, filter: string): Rows {
  const query = useInfiniteQuery({ ...pagesOf.jobRows(id, filter), enabled: filter !== "" });
  const list = useMemo(() => query.data?.pages.flatMap((page) => page.rows) ?? [], [query.data]);
  const first = query.data?.pages[0];
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  return {
    count: list.length,
    at: useCallback((index) => list[index], [list]),
    columns: first?.columns ?? [],
    isGone: first?.cells_gone ?? false,
    isLoading: query.isPending && filter !== "",
    hasMore: hasNextPage,
    error: query.error,
    retry: () => void query.refetch(),
    onRange: (_, last) => {
      if (hasNextPage && !isFetchingNextPage && last > list.length - 60) void fetchNextPage();
    },
  };
}

/** New results are fetched soon after the job's counts moved, and once more when it has ended. */
function useRefresh(id: string, job: Job) {
  const queries = useQueryClient();
  const counts = job.request_counts;
  const moved = `${counts?.succeeded} ${counts?.failed} ${counts?.skipped}`;
  const seen = useRef(moved);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const ended = hasEnded(job);
  useEffect(() => {
    if (seen.current === moved) return;
    seen.current = moved;
    const renew = () => {
      timer.current = undefined;
      void queries.invalidateQueries({ queryKey: ["jobs", id, "rows"] });
    };
    if (ended) renew();
    else timer.current ??= setTimeout(renew, REFRESH_MS);
  }, [moved, ended, id, queries]);
  useEffect(() => () => clearTimeout(timer.current), []);
}
