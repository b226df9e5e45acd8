import { useNavigate, useSearch } from "@tanstack/react-router";
import { Rows2, Rows3, SearchX } from "lucide-react";
import { useCallback, useMemo, useState } from "react";
import type { Job } from "@/api/client";
import { recall, remember } from "@/lib/store";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { Grid } from "@/ui/Grid";
import { Note } from "@/ui/Note";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { grid as words } from "@/words/jobs";
import { cellOf, columnsOf, outputsOf } from "./cells";
import { Filters } from "./Filters";
import styles from "./job.module.css";
import { RowDrawer } from "./RowDrawer";
import type { Acts } from "./useActs";
import { useRows } from "./useRows";

/** The job's rows: state, answers, flags, then the file's columns. Filter and open row stand in the address. */
export function Rows({ id, job, acts }: { id: string; job: Job; acts: Acts }) {
  const search = useSearch({ strict: false }) as { filter?: string; row?: number };
  const filter = search.filter ?? "";
  const navigate = useNavigate();
  const [two, setTwo] = useState(() => recall("two-lines") === "on");
  const rows = useRows(id, job, filter);
  const go = (next: { filter?: string; row?: number }) =>
    void navigate({ to: "/jobs/$id", params: { id }, search: next, replace: true, resetScroll: false });
  const show = (next: string) => go(next ? { filter: next } : {});
  const open = (row?: number) => go({ ...(filter && { filter }), ...(row && { row }) });
  const outputs = outputsOf(job, rows.at(0));
  // The same as long as they say the same, so that an event of the job draws no cell anew.
  const names = JSON.stringify([outputs, rows.columns]);
  const columns = useMemo(() => columnsOf(...(JSON.parse(names) as [string[], string[]])), [names]);
  const isRunning = job.state === "RUNNING";
  const { at: rowAt } = rows;
  const cell = useCallback(
    (row: number, column: number) =>
      cellOf(rowAt(row), column, (JSON.parse(names) as [string[], string[]])[0], isRunning),
    [rowAt, names, isRunning],
  );
  const indexOf = (number: number) => {
    if (!filter) return number - job.first_row;
    for (let index = 0; index < rows.count; index++) if (rows.at(index)?.number === number) return index;
    return -1;
  };
  const at = search.row ? indexOf(search.row) : -1;
  const numberAt = (index: number) =>
    index < 0 || index >= rows.count ? undefined : filter ? rows.at(index)?.number : job.first_row + index;
  const bar = (
    <>
      <Filters job={job} filter={filter} show={show} />
      <Button
        look="quiet"
        icon={two ? <Rows3 size={16} aria-hidden /> : <Rows2 size={16} aria-hidden />}
        aria-label={words.two}
        aria-pressed={two}
        onClick={() => {
          setTwo(!two);
          remember("two-lines", two ? null : "on");
        }}
      />
    </>
  );
  return (
    <section className={styles.rows} aria-label={words.label}>
      {rows.isGone && <Note kind="info">{words.gone}</Note>}
      {(rows.error || rows.isLoading || rows.count === 0) && <div className="row">{bar}</div>}
      {rows.error ? (
        <Failed error={rows.error} retry={rows.retry} />
      ) : rows.isLoading ? (
        <div className="card">
          <Skeleton rows={8} height={22} label={common.loading} />
        </div>
      ) : rows.count === 0 ? (
        <div className="card">
          <Empty
            icon={<SearchX size={26} strokeWidth={1.5} aria-hidden />}
            title={words.none.title}
            action={<Button onClick={() => show("")}>{words.none.action}</Button>}
          >
            {words.none.text}
          </Empty>
        </div>
      ) : (
        <Grid
          label={words.label}
          store={job.file}
          columns={columns}
          bar={bar}
          count={rows.count}
          cell={cell}
          twoLines={two}
          selected={at < 0 ? undefined : at}
          onRange={rows.onRange}
          onOpen={(row) => open(numberAt(row))}
        />
      )}
      {search.row !== undefined && (
        <RowDrawer
          key={search.row}
          id={id}
          job={job}
          number={search.row}
          outputs={outputs}
          acts={acts}
          onClose={() => open()}
          onPrevious={numberAt(at - 1) ? () => open(numberAt(at - 1)) : undefined}
          onNext={numberAt(at + 1) ? () => open(numberAt(at + 1)) : undefined}
        />
      )}
    </section>
  );
}
