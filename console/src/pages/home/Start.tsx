import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Check } from "lucide-react";
import type { ReactNode } from "react";
import type { ApiKey, DataFile, Job, Template } from "@/api/client";
import { q } from "@/api/queries";
import { useStandIn } from "@/api/standIn";
import { cx } from "@/lib/cx";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { toast } from "@/ui/Toast";
import { home as words } from "@/words/home";
import style from "./home.module.css";

type StartProps = { files: DataFile[]; templates: Template[]; keys: ApiKey[]; jobs: Job[] };

/** Four steps to the first result; gone when all are done. */
export function Start({ files, templates, keys, jobs }: StartProps) {
  const here = useQuery(q.installation).data;
  const queries = useQueryClient();
  const standIn = useStandIn(words.standInLabel);
  const tryIt = useMutation({
    ...standIn,
    onSuccess: async () => {
      toast({ title: words.tried });
      await queries.invalidateQueries({ queryKey: ["keys"] });
    },
  });
  const active = keys.find((key) => key.active);
  const hasKey = Boolean(active) || Boolean(here?.managed_key);
  const { steps } = words;
  const done = [files.length > 0, templates.length > 0, hasKey, jobs.length > 0];
  if (done.every(Boolean)) return null;
  const next = done.indexOf(false);
  const canTry = Boolean(here?.stand_in_provider) && !hasKey;
  const look = (place: number) => buttonClass(place === next ? "primary" : "plain");
  return (
    <section className="card">
      <div className="card-head">
        <div>
          <h2>{words.start}</h2>
          <p className="sm muted">{words.startText}</p>
        </div>
      </div>
      <ol>
        <Step
          place={0}
          done={done}
          title={steps.file.title}
          text={files[0] ? steps.file.done(files[0].display_name) : steps.file.text}
        >
          <Link to="/files" className={look(0)}>
            {steps.file.act}
          </Link>
        </Step>
        <Step
          place={1}
          done={done}
          title={steps.template.title}
          text={templates.length ? steps.template.done(templates.length) : steps.template.text}
        >
          <Link to="/library" className={look(1)}>
            {steps.template.act}
          </Link>
        </Step>
        <Step
          place={2}
          done={done}
          title={steps.key.title}
          text={
            active
              ? steps.key.done(active.label || `…${active.hint}`)
              : canTry
                ? `${steps.key.text} ${steps.key.textStandIn}`
                : here?.managed_key
                  ? steps.key.textManaged
                  : steps.key.text
          }
        >
          <Link to="/settings/$tab" params={{ tab: "api-keys" }} className={look(2)}>
            {steps.key.act}
          </Link>
          {canTry && (
            <Button busy={tryIt.isPending} onClick={() => tryIt.mutate()}>
              {steps.key.tryIt}
            </Button>
          )}
        </Step>
        <Step place={3} done={done} title={steps.job.title} text={done[3] ? steps.job.done : steps.job.text}>
          <Link to="/jobs/new" className={look(3)}>
            {steps.job.act}
          </Link>
        </Step>
      </ol>
      {tryIt.error && (
        <div className="card-pad">
          <Failed error={tryIt.error} />
        </div>
      )}
    </section>
  );
}

type StepProps = { place: number; done: boolean[]; title: string; text: ReactNode; children: ReactNode };

function Step({ place, done, title, text, children }: StepProps) {
  const isDone = done[place];
  return (
    <li className={style.step}>
      <span className={cx(style.mark, isDone && style.done, done.indexOf(false) === place && style.next)}>
        {isDone ? <Check size={13} strokeWidth={2.5} aria-hidden /> : place + 1}
        {isDone && <span className="sr">{words.stepDone}</span>}
      </span>
      <div className={style.words}>
        <h3>{title}</h3>
        <p>{text}</p>
      </div>
      {!isDone && <div className={style.acts}>{children}</div>}
    </li>
  );
}
