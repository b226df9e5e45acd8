import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Job, JobRow } from "@/api/client";
import { n } from "@/lib/format";
import { State } from "@/parts/State";
import { Badge } from "@/ui/Badge";
import type { Column } from "@/ui/Grid";
import { flagName, grid as words } from "@/words/jobs";
import styles from "./job.module.css";

/** Columns before the outputs. */
const OWN = 2;

/** The columns that the job's answers fill, in the order of its steps; of older jobs, those of a row. */
export function outputsOf(job: Job, row: JobRow | undefined): string[] {
  const named = job.steps.flatMap((step) => step.output_columns);
  return named.length ? named : Object.keys(row?.outputs ?? {});
}

export const columnsOf = (outputs: string[], names: string[]): Column[] => [
  { id: "#", title: words.number, width: 68, numeric: true },
  { id: "state", title: words.state, width: 112 },
  ...outputs.map((name) => ({ id: `out:${name}`, title: name, width: 380, isNew: true })),
  { id: "flags", title: words.flags, width: 170 },
  ...names.map((name) => ({ id: `in:${name}`, title: name, width: 160 })),
];

/** What stands in a cell: text of strangers, as text. */
export function cellOf(
  row: JobRow | undefined,
  column: number,
  outputs: string[],
  isRunning: boolean,
): ReactNode {
  if (!row) return null;
  if (column === 0) return n(row.number);
  if (column === 1) return <State of={row.state} />;
  const output = outputs[column - OWN];
  if (output !== undefined) {
    const text = row.outputs[output];
    if (text !== undefined) return text;
    // The reason once, in the first column that has no answer.
    const first = outputs.find((name) => row.outputs[name] === undefined) === output;
    if (row.error?.message && first) return <span className={styles.bad}>{row.error.message}</span>;
    return <span className="muted">{isRunning && row.state === "PENDING" ? "" : words.noAnswer}</span>;
  }
  if (column === OWN + outputs.length) return <Flags row={row} />;
  return row.cells[column - OWN - outputs.length - 1] ?? "";
}

function Flags({ row }: { row: JobRow }) {
  const [first] = row.flags;
  if (!first) return null;
  const worst = row.findings.some((each) => each.severity === "ERROR")
    ? "bad"
    : row.findings.some((each) => each.severity === "WARNING")
      ? "warn"
      : "plain";
  const more = row.flags.length > 1 ? ` +${row.flags.length - 1}` : "";
  return (
    <span title={row.flags.map(flagName).join(", ")}>
      <Badge kind={worst} icon={worst === "plain" ? undefined : <TriangleAlert size={12} aria-hidden />}>
        {flagName(first)}
        {more}
      </Badge>
    </span>
  );
}
