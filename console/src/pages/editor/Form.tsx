import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Play } from "lucide-react";
import { useState } from "react";
import { api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { changed, type Draft, draftOf, missing } from "@/lib/draft";
import { pieces } from "@/lib/prompt";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Button, buttonClass } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { toast } from "@/ui/Toast";
import { templates, editor as words } from "@/words/templates";
import { Chain } from "./Chain";
import styles from "./editor.module.css";
import { Leave } from "./Leave";
import { Names } from "./Names";
import { Preview } from "./Preview";
import { Prompt } from "./Prompt";
import { Settings } from "./Settings";
import { Trial } from "./Trial";
import { useDraft } from "./useDraft";
import { useTrialSet } from "./useNames";

/** The form at the left; what a job would make of it at the right. */
export function Form({ id, start, warnings }: { id: string | undefined; start: Draft; warnings: string[] }) {
  const { draft, change, isDirty, isRestored, blocker, discard, settle } = useDraft(id, start);
  const set = useTrialSet(id);
  const [tried, setTried] = useState(false);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const lacking = missing(draft);
  const save = useMutation({
    mutationFn: () =>
      id
        ? ok(
            api.PATCH("/v1/templates/{template}", {
              params: { path: { template: id }, query: { update_mask: changed(start, draft).join(",") } },
              body: draft,
            }),
          )
        : ok(api.POST("/v1/templates", { body: draft })),
    onSuccess: (made) => {
      settle();
      queries.setQueryData(q.template(idOf(made.name)).queryKey, made);
      void queries.invalidateQueries({ queryKey: ["templates"] });
      toast({ title: words.saved });
      if (!id) void navigate({ to: "/templates/$id", params: { id: idOf(made.name) }, replace: true });
    },
  });
  const onSave = () => {
    setTried(true);
    if (!lacking.length) save.mutate();
  };
  const list = pieces(draft.prompt, set.names);
  const title = draft.display_name || (id ? words.untitled : words.fresh);
  return (
    <div className="page page-wide">
      <PageHead
        title={title}
        crumbs={
          <>
            <Link to="/templates">{templates.title}</Link>
            <span aria-hidden>/</span>
            <span className="clip">{id ? title : words.crumb}</span>
          </>
        }
        actions={
          <>
            {isDirty && <span className="sm muted">{words.unsaved}</span>}
            {id && (
              <Link
                to="/jobs/new"
                search={{ template: id, ...(set.fileId ? { file: set.fileId } : {}) }}
                className={buttonClass("plain")}
              >
                <Play size={15} aria-hidden />
                {words.use}
              </Link>
            )}
            <Button look="primary" busy={save.isPending} disabled={!isDirty} onClick={onSave}>
              {words.save}
            </Button>
          </>
        }
      />
      {isRestored && isDirty && (
        <Note kind="info" action={<Button onClick={discard}>{words.discard}</Button>}>
          {words.restored}
        </Note>
      )}
      {save.error && <Failed error={save.error} />}
      {!isDirty &&
        warnings.map((warning) => (
          <Note key={warning} kind="warn">
            {warning}
          </Note>
        ))}
      <div className={styles.columns}>
        <div className="stack">
          <Names draft={draft} change={change} lacking={tried ? lacking : []} />
          <Prompt
            draft={draft}
            change={change}
            list={list}
            set={set}
            lacking={tried && lacking.includes("prompt")}
          />
          <Settings draft={draft} change={change} />
          <Chain id={id} set={set} list={list} />
        </div>
        <div className={styles.side}>
          <Preview draft={draft} list={list} set={set} />
          <Trial id={id} draft={draftOf(draft)} list={list} set={set} />
        </div>
      </div>
      <Leave blocker={blocker} />
    </div>
  );
}
