import type { Draft, missing } from "@/lib/draft";
import { Field, Input } from "@/ui/Field";
import { editor as words } from "@/words/templates";
import styles from "./editor.module.css";

const CATEGORIES = ["Cold Outreach", "Lead Qualification", "Value Proposition", "Personalization"];

/** What the template is called, where it belongs, and the column it fills. */
export function Names({
  draft,
  change,
  lacking,
}: {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  lacking: ReturnType<typeof missing>;
}) {
  return (
    <div className={styles.names}>
      <Field label={words.name} error={lacking.includes("name") ? words.required.name : undefined}>
        {(ids) => (
          <Input
            {...ids}
            value={draft.display_name}
            maxLength={100}
            placeholder={words.namePlaceholder}
            onChange={(event) => change({ display_name: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={words.output}
        hint={words.outputHint}
        error={lacking.includes("output") ? words.required.output : undefined}
      >
        {(ids) => (
          <Input
            {...ids}
            value={draft.output_column}
            maxLength={100}
            placeholder={words.outputPlaceholder}
            onChange={(event) => change({ output_column: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={words.category}
        error={lacking.includes("category") ? words.required.category : undefined}
      >
        {(ids) => (
          <>
            <Input
              {...ids}
              list="template-categories"
              value={draft.category}
              maxLength={100}
              onChange={(event) => change({ category: event.target.value })}
            />
            <datalist id="template-categories">
              {CATEGORIES.map((name) => (
                <option key={name} value={name} />
              ))}
            </datalist>
          </>
        )}
      </Field>
    </div>
  );
}
