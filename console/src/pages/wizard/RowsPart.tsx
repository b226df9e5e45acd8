import { type Choice, FIRST_ROWS, type RowChoice, rangeOf } from "@/lib/wizard";
import { Field, Input, RadioCards } from "@/ui/Field";
import { wizard } from "@/words/jobs";
import { Part } from "./Part";
import styles from "./wizard.module.css";

const words = wizard.rows;

/** How many rows: a few to look at first, unless somebody wants otherwise. */
export function RowsPart({
  choice,
  change,
  count,
}: {
  choice: Choice;
  change: (part: Partial<Choice>) => void;
  count: number;
}) {
  const range = count ? rangeOf(choice, count) : { first: 1, last: 1 };
  const fault = typeof range === "string" && range !== "budget" ? words.faults[range] : undefined;
  const first = count && count < FIRST_ROWS ? count : FIRST_ROWS;
  return (
    <Part number={3} done={count > 0 && typeof range === "object"} title={words.title}>
      <div className={styles.rows}>
        <RadioCards<RowChoice>
          label={words.title}
          value={choice.rows}
          onChange={(rows) => change({ rows })}
          options={[
            { value: "first", label: words.first(first), note: words.firstText },
            { value: "all", label: words.all, note: words.allText(count) },
            { value: "range", label: words.range, note: words.rangeText },
          ]}
        />
      </div>
      {choice.rows === "range" && (
        <div className={styles.range}>
          <Field label={words.from} error={fault}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="numeric"
                value={choice.from}
                onChange={(event) => change({ from: event.target.value })}
              />
            )}
          </Field>
          <Field label={words.to} hint={count ? words.toHint(count) : undefined}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="numeric"
                value={choice.to}
                onChange={(event) => change({ to: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
    </Part>
  );
}
