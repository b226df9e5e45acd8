import type { UseMutationResult, UseQueryResult } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import type { Schemas } from "@/api/client";
import { ApiError } from "@/api/errors";
import { cx } from "@/lib/cx";
import { money, n, short } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { wizard } from "@/words/jobs";
import styles from "./wizard.module.css";

const words = wizard.check;
type Estimate = Schemas["JobEstimate"];

/** What will happen and what it costs, before it happens; and the button that starts it. */
export function Receipt({
  estimate,
  economy,
  isNew,
  missing,
  start,
  onStart,
}: {
  estimate: UseQueryResult<Estimate>;
  economy: boolean;
  /** Whether the estimate is that of the present choice. */
  isNew: boolean;
  missing: keyof typeof words.missing | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: only its state is read
  start: UseMutationResult<any, Error, any>;
  onStart: () => void;
}) {
  const data = estimate.data;
  const isOld = !isNew || estimate.isFetching;
  const reused = start.error instanceof ApiError && start.error.reason === "IDEMPOTENCY_KEY_REUSED";
  return (
    <aside className={styles.receipt} aria-label={words.title}>
      <h2>{words.title}</h2>
      {data ? (
        <Numbers data={data} economy={economy} isOld={isOld} />
      ) : estimate.error ? (
        <Failed error={estimate.error} retry={() => void estimate.refetch()} />
      ) : (
        <p className="sm muted">{words.wait}</p>
      )}
      {data?.warnings.map((warning) => (
        <Note key={warning} kind="warn">
          {warning}
        </Note>
      ))}
      {reused ? (
        <Note
          kind="warn"
          action={
            <Link to="/jobs" search={{}} className={buttonClass("plain")}>
              {words.seeJobs}
            </Link>
          }
        >
          {words.reused}
        </Note>
      ) : (
        start.error && <Failed error={start.error} />
      )}
      <Button
        look="primary"
        large
        icon={<Play size={16} aria-hidden />}
        busy={start.isPending}
        disabled={missing !== undefined || !data || isOld || start.isSuccess}
        aria-describedby="start-hint"
        onClick={onStart}
      >
        {data && !missing ? words.start(data.row_count) : words.startUnknown}
      </Button>
      <p id="start-hint" className="xs muted">
        {missing ? words.missing[missing] : words.once}
      </p>
    </aside>
  );
}

function Numbers({ data, economy, isOld }: { data: Estimate; economy: boolean; isOld: boolean }) {
  const [low, high] = economy
    ? [data.economy_cost_low_usd, data.economy_cost_high_usd]
    : [data.cost_low_usd, data.cost_high_usd];
  const limit = Number(data.usage_limit);
  const left = Number(data.usage_left);
  const calls = Number(data.request_count);
  return (
    <>
      <dl className={cx(styles.numbers, isOld && styles.old)} aria-live="polite">
        <div className={styles.cost}>
          <dt>{words.cost}</dt>
          <dd>
            {low && high ? (
              <>
                {money(low)} <small>{words.to(money(high))}</small>
              </>
            ) : (
              <small>{words.noPrice}</small>
            )}
          </dd>
        </div>
        <div>
          <dt>{words.rows}</dt>
          <dd>{n(data.row_count)}</dd>
        </div>
        <div>
          <dt>{words.calls}</dt>
          <dd>{n(calls)}</dd>
        </div>
        <div>
          <dt>{words.tokens}</dt>
          <dd>
            {short(Number(data.input_tokens_low) + Number(data.output_tokens_low))}{" "}
            <small>{words.to(short(Number(data.input_tokens_high) + Number(data.output_tokens_high)))}</small>
          </dd>
        </div>
      </dl>
      <div className="stack stack-sm xs muted">
        {data.blank_row_count > 0 && <p>{words.blanks(data.blank_row_count, data.blank_rows_estimated)}</p>}
        <p>{limit > 0 ? words.plan(left, limit, left - calls) : words.noPlan}</p>
        {low ? <p>{words.prices(data.prices_date)}</p> : null}
      </div>
      {data.unpriced_models.length > 0 && (
        <Note kind="warn">{words.unpriced(data.unpriced_models.join(", "))}</Note>
      )}
    </>
  );
}
