import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { useDebounced } from "@/lib/hooks";
import { type Choice, estimateBody, fresh, jobBody, missingOf } from "@/lib/wizard";
import { PageHead } from "@/parts/PageHead";
import { jobs, wizard as words } from "@/words/jobs";
import { FilePart } from "./FilePart";
import { OptionsPart } from "./OptionsPart";
import { Receipt } from "./Receipt";
import { RowsPart } from "./RowsPart";
import { TemplatesPart } from "./TemplatesPart";
import styles from "./wizard.module.css";

const PAUSE_MS = 200;

/** One template, or several in their order, as links to this page name them. */
const chosenIn = ({ template, templates }: { template?: string; templates?: string }) => [
  ...new Set((templates ?? template ?? "").split(",").filter(Boolean)),
];

/** A new job: its parts at the left, what it will be and cost at the right, all the time. */
export function Wizard() {
  const search = useSearch({ strict: false }) as { file?: string; template?: string; templates?: string };
  const [choice, setChoice] = useState(() => fresh(search.file, chosenIn(search)));
  // One for each opened page, so that a double click or a repeated request starts one job.
  const [once] = useState(() => crypto.randomUUID());
  const change = (part: Partial<Choice>) => setChoice((now) => ({ ...now, ...part }));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const file = useQuery({ ...q.file(choice.file), enabled: choice.file !== "" });
  const keys = useQuery(q.keys);
  const count = file.data?.row_count ?? 0;
  const body = useDebounced(JSON.stringify(file.data ? estimateBody(choice, count) : undefined), PAUSE_MS);
  const estimate = useQuery({
    queryKey: ["estimate", body],
    enabled: body !== undefined,
    staleTime: 30_000,
    queryFn: ({ signal }) => ok(api.POST("/v1/jobs:estimate", { body: JSON.parse(body), signal })),
  });
  const start = useMutation({
    mutationFn: (chosen: NonNullable<ReturnType<typeof jobBody>>) =>
      ok(api.POST("/v1/jobs", { params: { header: { "Idempotency-Key": once } }, body: chosen })),
    onSuccess: (job) => {
      queries.setQueryData(q.job(idOf(job.name)).queryKey, job);
      void queries.invalidateQueries({ queryKey: ["jobs", "pages"] });
      return navigate({ to: "/jobs/$id", params: { id: idOf(job.name) }, search: {} });
    },
  });
  const hasKey = choice.key !== "" || (keys.data?.api_keys.some((key) => key.active) ?? true);
  const missing = missingOf(choice, count) ?? (hasKey ? undefined : "key");
  return (
    <div className="page">
      <PageHead
        title={words.title}
        crumbs={
          <>
            <Link to="/jobs" search={{}}>
              {jobs.title}
            </Link>
            <span aria-hidden>/</span>
            <span>{words.title}</span>
          </>
        }
      >
        {words.intro}
      </PageHead>
      <div className={styles.columns}>
        <div className="stack">
          <FilePart choice={choice} change={change} />
          <TemplatesPart choice={choice} change={change} />
          <RowsPart choice={choice} change={change} count={count} />
          <OptionsPart choice={choice} change={change} estimate={estimate.data} />
        </div>
        <Receipt
          estimate={estimate}
          economy={choice.economy}
          isNew={JSON.stringify(file.data ? estimateBody(choice, count) : undefined) === body}
          missing={missing}
          start={start}
          onStart={() => {
            const chosen = jobBody(choice, count);
            if (chosen) start.mutate(chosen);
          }}
        />
      </div>
    </div>
  );
}
