import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { q } from "@/api/queries";
import { money } from "@/lib/format";
import { budgetOf, type Choice } from "@/lib/wizard";
import { buttonClass } from "@/ui/Button";
import { Check, Field, Input } from "@/ui/Field";
import { Note } from "@/ui/Note";
import { Select } from "@/ui/Select";
import { wizard } from "@/words/jobs";
import { Part } from "./Part";
import styles from "./wizard.module.css";

const words = wizard.options;

/** What it may cost, with whose key, and how it is sent. */
export function OptionsPart({
  choice,
  change,
  estimate,
}: {
  choice: Choice;
  change: (part: Partial<Choice>) => void;
  estimate: Schemas["JobEstimate"] | undefined;
}) {
  const keys = useQuery(q.keys);
  const installation = useQuery(q.installation);
  const all = keys.data?.api_keys ?? [];
  const active = all.find((key) => key.active);
  const hasManaged = installation.data?.managed_key ?? false;
  const unpriced = estimate?.unpriced_models.join(", ");
  const budgetBad =
    budgetOf(choice.budget) === "budget"
      ? words.budgetBad
      : unpriced && choice.budget.trim()
        ? words.budgetUnpriced(unpriced)
        : undefined;
  const noKey = keys.data !== undefined && !active && !choice.key;
  return (
    <Part number={4} done={!budgetBad && !noKey} title={words.title}>
      {noKey && (
        <Note
          kind="warn"
          action={
            <Link to="/settings/$tab" params={{ tab: "api-keys" }} className={buttonClass("plain")}>
              {words.addKey}
            </Link>
          }
        >
          {words.noKey}
        </Note>
      )}
      <div className={styles.two}>
        <Field label={words.budget} hint={words.budgetHint} error={budgetBad}>
          {(ids) => (
            <Input
              {...ids}
              inputMode="decimal"
              placeholder="2.50"
              value={choice.budget}
              onChange={(event) => change({ budget: event.target.value })}
            />
          )}
        </Field>
        {(all.length > 0 || hasManaged) && (
          <Field
            label={words.key}
            hint={
              active && !choice.key
                ? words.activeIs(active.label || words.unnamedKey, active.hint)
                : undefined
            }
          >
            {(ids) => (
              <Select
                {...ids}
                value={choice.key}
                onChange={(key) => change({ key })}
                options={[
                  ...(active || !hasManaged
                    ? [{ value: "", label: words.activeKey }]
                    : [{ value: "", label: words.noKey }]),
                  ...all.map((key) => ({
                    value: key.name,
                    label: words.activeIs(key.label || words.unnamedKey, key.hint),
                  })),
                  ...(hasManaged ? [{ value: "apiKeys/managed", label: words.managedKey }] : []),
                ]}
              />
            )}
          </Field>
        )}
      </div>
      <Field label={words.name} hint={words.nameHint}>
        {(ids) => (
          <Input
            {...ids}
            maxLength={100}
            value={choice.name}
            onChange={(event) => change({ name: event.target.value })}
          />
        )}
      </Field>
      <div className={styles.checks}>
        <Check
          label={words.once}
          hint={choice.economy ? words.onceNot : words.onceText}
          disabled={choice.economy}
          checked={choice.once && !choice.economy}
          onChange={(once) => change({ once })}
        />
        <Check
          label={words.economy}
          hint={words.economyText(
            estimate?.economy_cost_low_usd ? money(estimate.economy_cost_low_usd) : "",
            money(estimate?.economy_cost_high_usd),
          )}
          checked={choice.economy}
          onChange={(economy) => change({ economy })}
        />
        <Check
          label={words.blanks}
          hint={words.blanksText}
          checked={choice.blanks}
          onChange={(blanks) => change({ blanks })}
        />
      </div>
    </Part>
  );
}
