import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FlaskConical } from "lucide-react";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { type Draft, forTrial } from "@/lib/draft";
import { money } from "@/lib/format";
import { namesIn, type Piece } from "@/lib/prompt";
import { trialCost } from "@/lib/trial";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { trial as words } from "@/words/templates";
import { Answers } from "./Answers";
import styles from "./editor.module.css";
import type { TrialSet } from "./useNames";

const ROWS = 3;
/** Where a template leaves the length to the server, it means this. */
const USUAL_TOKENS = 500;

/** Asks the model for a few rows, after saying what that costs. Nothing has to be saved before. */
export function Trial({
  draft,
  list,
  set,
}: {
  id: string | undefined;
  draft: Draft;
  list: Piece[];
  set: TrialSet;
}) {
  const models = useQuery(q.models);
  const keys = useQuery(q.keys);
  const count = Math.min(ROWS, set.file.data?.row_count ?? ROWS);
  const calls = count * (set.earlier.length + 1);
  const price = models.data?.models.find((each) => each.id === (draft.model || "gpt-4o-mini"));
  const cost = trialCost(
    draft.prompt,
    calls,
    draft.max_completion_tokens || draft.max_tokens || USUAL_TOKENS,
    price,
  );
  const noKey = keys.data !== undefined && !keys.data.api_keys.some((key) => key.active);
  const test = useMutation({
    mutationFn: () => {
      const names = namesIn(list, "mock", "unknown");
      const mock_values = Object.fromEntries(
        names.filter((name) => set.mocks[name]).map((name) => [name, set.mocks[name] ?? ""]),
      );
      const templates = set.earlier.map((each) => `templates/${each}`);
      return ok(
        api.POST("/v1/templates:test", {
          body: {
            template: forTrial(draft),
            templates,
            file: `files/${set.fileId}`,
            first_row: set.row,
            row_count: count,
            mock_values,
          },
        }),
      );
    },
  });
  const isReady =
    set.fileId !== "" &&
    draft.prompt.trim() !== "" &&
    !noKey &&
    !list.some((piece) => piece.kind === "broken");
  return (
    <>
      <section className={styles.trial} aria-label={words.title}>
        <p className="xs muted">
          {cost
            ? words.cost(calls, money(String(cost.low)), money(String(cost.high)))
            : words.costUnknown(calls)}
        </p>
        {noKey ? (
          <Link to="/settings/$tab" params={{ tab: "api-keys" }} className={buttonClass("plain")}>
            {words.noKey}
          </Link>
        ) : (
          <Button
            icon={<FlaskConical size={15} aria-hidden />}
            disabled={!isReady}
            busy={test.isPending}
            onClick={() => test.mutate()}
          >
            {test.data ? words.again(count) : words.test(count)}
          </Button>
        )}
      </section>
      {test.isPending && <Note kind="info">{words.running}</Note>}
      {test.error && <Failed error={test.error} retry={() => test.mutate()} />}
      {test.data && <Answers test={test.data} steps={set.earlier.length + 1} />}
    </>
  );
}
