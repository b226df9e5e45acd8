import { useQuery } from "@tanstack/react-query";
import { q } from "@/api/queries";
import { type Draft, words as split } from "@/lib/draft";
import { outputColumns, schemaFault } from "@/lib/outputs";
import { Check, Field, Input, TextArea } from "@/ui/Field";
import { Select } from "@/ui/Select";
import { settings as words } from "@/words/templates";
import { CommaList, Count } from "./Entries";
import styles from "./editor.module.css";
import { Fold } from "./Fold";

const EFFORTS = ["", "minimal", "low", "medium", "high"] as const;

/** The model, how long it may answer, what flags an answer, and what columns it fills. */
export function Settings({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const models = useQuery(q.models);
  const model = models.data?.models.find((each) => each.id === draft.model);
  const price =
    model?.input_price_usd && models.data
      ? words.price(model.input_price_usd, model.output_price_usd, models.data.prices_date)
      : "";
  const fault = schemaFault(draft.json_schema);
  const effort = EFFORTS.find((each) => each === draft.reasoning_effort) ?? "";
  return (
    <Fold
      title={words.title}
      summary={words.summary(draft.model || "gpt-4o-mini", draft.temperature, words.tokens(draft.max_tokens))}
    >
      <div className={styles.three}>
        <Field label={words.model} hint={models.data ? words.modelHint(price) : undefined}>
          {(ids) => (
            <>
              <Input
                {...ids}
                list="known-models"
                maxLength={200}
                spellCheck={false}
                value={draft.model}
                onChange={(event) => change({ model: event.target.value.trim() })}
              />
              <datalist id="known-models">
                {models.data?.models.map((each) => (
                  <option key={each.id} value={each.id} />
                ))}
              </datalist>
            </>
          )}
        </Field>
        <Field label={words.temperature} hint={words.temperatureHint}>
          {(ids) => (
            <Input
              {...ids}
              type="number"
              min={0}
              max={1}
              step={0.1}
              value={draft.temperature}
              onChange={(event) =>
                change({ temperature: Math.min(1, Math.max(0, Number(event.target.value))) })
              }
            />
          )}
        </Field>
        <Field label={words.maxTokens} hint={words.maxTokensHint}>
          {(ids) => (
            <Count
              {...ids}
              value={draft.max_tokens}
              most={100_000}
              onChange={(max_tokens) => change({ max_tokens })}
            />
          )}
        </Field>
        <Field label={words.effort} hint={words.effortHint}>
          {(ids) => (
            <Select
              {...ids}
              value={effort}
              onChange={(reasoning_effort) => change({ reasoning_effort })}
              options={EFFORTS.map((value) => ({ value, label: words.efforts[value] }))}
            />
          )}
        </Field>
        <Field label={words.completion} hint={words.completionHint}>
          {(ids) => (
            <Count
              {...ids}
              value={draft.max_completion_tokens}
              most={100_000}
              onChange={(max_completion_tokens) => change({ max_completion_tokens })}
            />
          )}
        </Field>
      </div>
      <div className={styles.three}>
        <Field label={words.characters} hint={words.limitHint}>
          {(ids) => (
            <Count
              {...ids}
              value={draft.character_limit}
              most={1_000_000}
              onChange={(character_limit) => change({ character_limit })}
            />
          )}
        </Field>
        <Field label={words.words}>
          {(ids) => (
            <Count
              {...ids}
              value={draft.word_limit}
              most={1_000_000}
              onChange={(word_limit) => change({ word_limit })}
            />
          )}
        </Field>
        <Field label={words.forbidden} hint={words.forbiddenHint}>
          {(ids) => (
            <CommaList
              {...ids}
              value={draft.forbidden_words}
              split={split}
              onChange={(forbidden_words) => change({ forbidden_words })}
            />
          )}
        </Field>
      </div>
      <div className={styles.checks}>
        <Check
          label={words.choice}
          hint={words.choiceHint}
          checked={draft.is_choice}
          onChange={(is_choice) => change({ is_choice })}
        />
        <Check
          label={words.fixOff}
          hint={words.fixOffHint}
          checked={draft.auto_fix_off}
          onChange={(auto_fix_off) => change({ auto_fix_off })}
        />
      </div>
      <Field label={words.reference} hint={words.referenceHint}>
        {(ids) => (
          <CommaList
            {...ids}
            value={draft.reference_columns}
            split={split}
            onChange={(reference_columns) => change({ reference_columns })}
          />
        )}
      </Field>
      <Field
        label={words.schema}
        hint={
          draft.json_schema && !fault
            ? words.outputs(outputColumns(draft.output_column || "Answer", draft.json_schema))
            : words.schemaHint
        }
        error={fault ? words.schemaBad(fault) : undefined}
      >
        {(ids) => (
          <TextArea
            {...ids}
            className={styles.code}
            rows={draft.json_schema ? 8 : 3}
            maxLength={20_000}
            spellCheck={false}
            value={draft.json_schema}
            onChange={(event) => change({ json_schema: event.target.value })}
          />
        )}
      </Field>
    </Fold>
  );
}
