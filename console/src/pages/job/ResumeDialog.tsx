import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Job } from "@/api/client";
import { q } from "@/api/queries";
import { money } from "@/lib/format";
import { budgetOf } from "@/lib/wizard";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Select } from "@/ui/Select";
import { wizard, waiting as words } from "@/words/jobs";
import type { Acts } from "./useActs";

/** Asks for the one thing without which a job would pause again at once: another key, or more money. */
export function ResumeDialog({
  kind,
  job,
  acts,
  onClose,
}: {
  kind: "key" | "budget";
  job: Job;
  acts: Acts;
  onClose: () => void;
}) {
  const keys = useQuery(q.keys);
  const others = (keys.data?.api_keys ?? []).filter(
    (key) => job.pause_reason !== "API_KEY_DELETED" || key.name !== job.api_key,
  );
  const [chosen, setKey] = useState("");
  const [budget, setBudget] = useState("");
  const key = chosen || others.find((each) => each.name !== job.api_key)?.name || others[0]?.name || "";
  const amount = budgetOf(budget);
  const tooLow = budget !== "" && (amount === "budget" || Number(amount) <= Number(job.cost_usd));
  const isReady = kind === "key" ? key !== "" : budget.trim() !== "" && !tooLow;
  const go = () =>
    acts.resume.mutate(kind === "key" ? { api_key: key } : { max_cost_usd: amount }, { onSuccess: onClose });
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.resumeTitle[kind]}
      foot={
        <>
          <Button onClick={onClose}>{words.keep}</Button>
          <Button look="primary" busy={acts.resume.isPending} disabled={!isReady} onClick={go}>
            {words.resume}
          </Button>
        </>
      }
    >
      {kind === "key" ? (
        others.length > 0 ? (
          <>
            <p className="ink2">{words.keyText}</p>
            <Field label={words.key}>
              {(ids) => (
                <Select
                  {...ids}
                  value={key}
                  onChange={setKey}
                  options={others.map((each) => ({
                    value: each.name,
                    label: wizard.options.activeIs(each.label || wizard.options.unnamedKey, each.hint),
                  }))}
                />
              )}
            </Field>
          </>
        ) : (
          <div className="row">
            <p className="ink2">{words.noOther}</p>
            <Link to="/settings/$tab" params={{ tab: "api-keys" }} className={buttonClass("plain")}>
              {words.addKey}
            </Link>
          </div>
        )
      ) : (
        <>
          <p className="ink2">{words.budgetText(money(job.cost_usd), money(job.max_cost_usd))}</p>
          <Field label={words.budget} hint={words.budgetHint} error={tooLow ? words.budgetLow : undefined}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="decimal"
                value={budget}
                onChange={(event) => setBudget(event.target.value)}
              />
            )}
          </Field>
        </>
      )}
      {acts.resume.error && <Failed error={acts.resume.error} />}
    </Dialog>
  );
}
