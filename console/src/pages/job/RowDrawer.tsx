import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, RefreshCw, Undo2 } from "lucide-react";
import { useState } from "react";
import type { Job, JobRow } from "@/api/client";
import { oneRow } from "@/api/rows";
import { n } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { State } from "@/parts/State";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Drawer } from "@/ui/Drawer";
import { Note } from "@/ui/Note";
import { rowReasons, drawer as words } from "@/words/jobs";
import { Answer } from "./Answer";
import styles from "./job.module.css";
import type { Acts } from "./useActs";
import { useRowActs } from "./useRowActs";

/** One row, whole: its answers and what is known about them, its input, and what can be done with it. */
export function RowDrawer({
  id,
  job,
  number,
  outputs,
  acts,
  onClose,
  onPrevious,
  onNext,
}: {
  id: string;
  job: Job;
  number: number;
  outputs: string[];
  acts: Acts;
  onClose: () => void;
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
}) {
  const query = useQuery(oneRow(id, number));
  const state = query.data?.row?.state;
  return (
    <Drawer
      open
      onClose={onClose}
      closeLabel={words.close}
      title={
        <span className="row">
          {words.title(number)} {state && <State of={state} />}
        </span>
      }
      actions={
        <>
          <Button
            look="quiet"
            icon={<ArrowUp size={16} aria-hidden />}
            aria-label={words.previous}
            disabled={!onPrevious}
            onClick={onPrevious}
          />
          <Button
            look="quiet"
            icon={<ArrowDown size={16} aria-hidden />}
            aria-label={words.next}
            disabled={!onNext}
            onClick={onNext}
          />
        </>
      }
    >
      <Query of={query} rows={10}>
        {({ row, columns, isGone }) =>
          row ? (
            <Body
              id={id}
              job={job}
              row={row}
              columns={columns}
              isGone={isGone}
              outputs={outputs}
              acts={acts}
            />
          ) : (
            <p className="muted">{words.missing}</p>
          )
        }
      </Query>
    </Drawer>
  );
}

function Body({
  id,
  job,
  row,
  columns,
  isGone,
  outputs,
  acts,
}: {
  id: string;
  job: Job;
  row: JobRow;
  columns: string[];
  isGone: boolean;
  outputs: string[];
  acts: Acts;
}) {
  const { restore, edit } = useRowActs(id, row.number);
  const [asks, setAsks] = useState(false);
  const isOver = job.state === "COMPLETED";
  const hasRaw = Object.keys(row.raw_outputs).length > 0;
  const isRaw = hasRaw && Object.entries(row.raw_outputs).every(([name, text]) => row.outputs[name] === text);
  return (
    <div className="stack">
      {row.error?.reason && <Why row={row} />}
      {row.state === "SKIPPED" && <Note kind="info">{words.skipped}</Note>}
      {row.state === "PENDING" && <p className="muted">{words.pending}</p>}
      {row.state !== "PENDING" &&
        row.state !== "SKIPPED" &&
        outputs.map((name) => <Answer key={name} name={name} row={row} edit={edit} />)}
      {(restore.error || edit.error) && <Failed error={restore.error ?? edit.error} />}
      <div className="row">
        <Button
          icon={<RefreshCw size={15} aria-hidden />}
          disabled={!isOver}
          busy={acts.regenerate.isPending}
          onClick={() => setAsks(true)}
        >
          {words.again}
        </Button>
        {!isOver && <span className="xs muted">{words.againWait}</span>}
        {hasRaw && row.state === "SUCCEEDED" && (
          <Button
            icon={<Undo2 size={15} aria-hidden />}
            busy={restore.isPending}
            title={words.putBackText}
            onClick={() => restore.mutate(isRaw)}
          >
            {isRaw ? words.fixAgain : words.putBack}
          </Button>
        )}
      </div>
      <section className="stack stack-sm">
        <h3>{words.input}</h3>
        {isGone ? (
          <p className="sm muted">{words.inputGone}</p>
        ) : (
          <dl className={styles.pairs}>
            {columns.map((name, place) => (
              <div key={name}>
                <dt>
                  <bdi>{name}</bdi>
                </dt>
                <dd dir="auto">{row.cells[place] || <span className="muted">{words.empty}</span>}</dd>
              </div>
            ))}
          </dl>
        )}
      </section>
      <section className="stack stack-sm">
        <h3>{words.facts}</h3>
        <dl className={styles.pairs}>
          {row.confidence !== undefined && row.state !== "PENDING" && (
            <div>
              <dt>{words.confidence}</dt>
              <dd className="num">{words.of100(row.confidence)}</dd>
            </div>
          )}
          <div>
            <dt>{words.attempts}</dt>
            <dd className="num">{n(row.attempts)}</dd>
          </div>
        </dl>
      </section>
      <Dialog
        open={asks}
        onClose={() => setAsks(false)}
        title={words.againAsk.title(row.number)}
        foot={
          <>
            <Button onClick={() => setAsks(false)}>{words.againAsk.keep}</Button>
            <Button
              look="primary"
              busy={acts.regenerate.isPending}
              onClick={() => acts.regenerate.mutate(row.number, { onSuccess: () => setAsks(false) })}
            >
              {words.againAsk.yes}
            </Button>
          </>
        }
      >
        <p className="ink2">{words.againAsk.text(Math.max(1, job.templates.length))}</p>
        {acts.regenerate.error && <Failed error={acts.regenerate.error} />}
      </Dialog>
    </div>
  );
}

function Why({ row }: { row: JobRow }) {
  const reason = row.error?.reason ?? "";
  return (
    <Note kind="bad">
      <strong>{rowReasons[reason]?.name ?? words.why}.</strong> {row.error?.message}.{" "}
      {rowReasons[reason]?.todo} <span className="xs">({reason})</span>
      {row.error?.provider_message && (
        <blockquote className={styles.said}>
          {words.said} <bdi>{row.error.provider_message}</bdi>
        </blockquote>
      )}
    </Note>
  );
}
