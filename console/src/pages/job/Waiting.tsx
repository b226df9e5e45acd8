import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { idOf, type Job } from "@/api/client";
import { Button, buttonClass } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { pauseOther, pauses, waiting as words } from "@/words/jobs";
import styles from "./job.module.css";
import { ResumeDialog } from "./ResumeDialog";
import type { Acts } from "./useActs";

/** Why a job waits or has failed, and the one button that helps. */
export function Waiting({ job, acts }: { job: Job; acts: Acts }) {
  const [asked, setAsked] = useState<"key" | "budget">();
  if (job.state === "FAILED")
    return (
      <Note kind="bad">
        <strong>{words.failed}</strong> {job.error?.message} <Said job={job} />
      </Note>
    );
  if (job.state !== "PAUSED") return null;
  const pause = pauses[job.pause_reason] ?? pauseOther;
  // A full queue at the provider empties by itself; that is no reason to leave the batches.
  const act = job.error?.reason === "BATCH_QUEUE_FULL" ? "resume" : pause.act;
  const button = act === pause.act ? pause.button : pauseOther.button;
  const template = job.templates[0];
  const resume = (how: Parameters<Acts["resume"]["mutate"]>[0]) => (
    <Button look="primary" busy={acts.resume.isPending} onClick={() => acts.resume.mutate(how)}>
      {button}
    </Button>
  );
  return (
    <>
      <Note
        kind="warn"
        action={
          act === "usage" ? (
            <Link to="/usage" className={buttonClass("primary")}>
              {button}
            </Link>
          ) : act === "template" && template ? (
            <Link to="/templates/$id" params={{ id: idOf(template) }} className={buttonClass("primary")}>
              {button}
            </Link>
          ) : act === "key" || act === "budget" ? (
            <Button look="primary" onClick={() => setAsked(act)}>
              {button}
            </Button>
          ) : (
            resume(act === "plain" ? { end_economy: true } : {})
          )
        }
      >
        <strong>{words.paused}</strong> {pause.why}{" "}
        {job.error?.message && job.pause_reason !== "USER" && <span>{job.error.message}.</span>}{" "}
        <Said job={job} />
      </Note>
      {asked && <ResumeDialog kind={asked} job={job} acts={acts} onClose={() => setAsked(undefined)} />}
    </>
  );
}

/** The provider's own words: text of a stranger, and shown as that. */
function Said({ job }: { job: Job }) {
  if (!job.error?.provider_message) return null;
  return (
    <blockquote className={styles.said}>
      {words.said} <bdi>{job.error.provider_message}</bdi>
    </blockquote>
  );
}
