import type { Schemas } from "@/api/client";
import { Badge } from "@/ui/Badge";
import { Note } from "@/ui/Note";
import { flagName } from "@/words/jobs";
import { trial as words } from "@/words/templates";
import styles from "./editor.module.css";

type Test = Schemas["TestTemplateResponse"];
type Step = Test["rows"][number]["steps"][number];

/** What the model answered, row by row, with every step of a chain. */
export function Answers({ test, steps }: { test: Test; steps: number }) {
  const all = test.rows.flatMap((row) => row.steps);
  const sum = (of: (step: Step) => number) => all.reduce((total, step) => total + of(step), 0);
  const mocked = Object.entries(test.mocked);
  return (
    <section className="card" aria-label={words.title} aria-live="polite">
      <div className="card-head">
        <h2>{words.title}</h2>
        <span className="xs muted num">
          {words.tokens(
            sum((step) => step.input_tokens),
            sum((step) => step.output_tokens),
          )}
        </span>
      </div>
      <ul>
        {test.rows.map((row) => (
          <li key={row.number} className={styles.answer}>
            <span className="xs muted num">{words.row(row.number)}</span>
            {row.steps.map((step) => (
              <StepAnswer key={step.number} step={step} named={steps > 1} last={step.number === steps} />
            ))}
          </li>
        ))}
      </ul>
      {mocked.length > 0 && <p className={styles.hint}>{words.mocked(mocked)}</p>}
    </section>
  );
}

function StepAnswer({ step, named, last }: { step: Step; named: boolean; last: boolean }) {
  const outputs = Object.entries(step.outputs);
  return (
    <div className={styles.step}>
      {named && (
        <span className="xs muted">
          {words.step(step.number, last ? words.thisOne : (outputs[0]?.[0] ?? ""))}
        </span>
      )}
      {step.error_reason ? (
        <Note kind="bad">
          {step.error_message} <span className="xs">({step.error_reason})</span>
          {step.provider_message && (
            <blockquote className={styles.said}>
              {words.said} <bdi>{step.provider_message}</bdi>
            </blockquote>
          )}
        </Note>
      ) : outputs.length ? (
        outputs.map(([column, text]) => (
          <div key={column} className={styles.output}>
            {outputs.length > 1 && <span className="xs muted">{column}</span>}
            <p dir="auto">{text}</p>
          </div>
        ))
      ) : (
        <p className="muted">{words.notReached}</p>
      )}
      {step.flags.length > 0 && (
        <div className="row">
          {step.flags.map((flag) => (
            <Badge key={flag} kind="warn">
              {flagName(flag)}
            </Badge>
          ))}
        </div>
      )}
    </div>
  );
}
