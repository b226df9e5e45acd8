import { Link, useNavigate } from "@tanstack/react-router";
import { Ban, Copy, Download, Ellipsis, Pause, Play, RotateCcw, Trash2 } from "lucide-react";
import { idOf, type Job } from "@/api/client";
import { hasEnded } from "@/api/watch";
import { PageHead } from "@/parts/PageHead";
import { State } from "@/parts/State";
import { Button } from "@/ui/Button";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { toast } from "@/ui/Toast";
import { states } from "@/words/common";
import { job as words } from "@/words/jobs";
import type { Ask } from "./Asks";
import styles from "./job.module.css";
import type { Acts } from "./useActs";

/** What the job is, and what can be done with it now. */
export function Head({
  job,
  acts,
  onAsk,
  onDownload,
}: {
  job: Job;
  acts: Acts;
  onAsk: (ask: Ask) => void;
  onDownload: () => void;
}) {
  const navigate = useNavigate();
  const ended = hasEnded(job);
  const runs = job.state === "RUNNING" || job.state === "PENDING";
  const failed = job.request_counts?.failed ?? 0;
  const file = job.file_display_name || words.deletedFile;
  const name = job.display_name || file;
  const first = job.templates[0];
  return (
    <PageHead
      tab={words.titleFor(name, states[job.state] ?? job.state)}
      title={
        <span className={styles.title}>
          <bdi>{name}</bdi> <State of={job.state} />
        </span>
      }
      crumbs={
        <>
          <Link to="/jobs" search={{}}>
            {words.crumb}
          </Link>
          <span aria-hidden>/</span>
          <span className="mono">{idOf(job.name).slice(0, 8)}</span>
        </>
      }
      actions={
        <>
          {runs && (
            <Button
              icon={<Pause size={15} aria-hidden />}
              busy={acts.pause.isPending}
              onClick={() => acts.pause.mutate()}
            >
              {words.pause}
            </Button>
          )}
          {job.state === "PAUSED" && job.pause_reason !== "USER" && (
            <Button
              icon={<Play size={15} aria-hidden />}
              busy={acts.resume.isPending}
              onClick={() => acts.resume.mutate({})}
            >
              {words.resume}
            </Button>
          )}
          {!ended && (
            <Button look="danger" icon={<Ban size={15} aria-hidden />} onClick={() => onAsk("cancel")}>
              {words.cancel}
            </Button>
          )}
          {job.state === "COMPLETED" && failed > 0 && (
            <Button icon={<RotateCcw size={15} aria-hidden />} onClick={() => onAsk("retry")}>
              {words.retry(failed)}
            </Button>
          )}
          <Button
            look={ended ? "primary" : "plain"}
            icon={<Download size={15} aria-hidden />}
            onClick={onDownload}
          >
            {words.download}
          </Button>
          <Menu label={words.more} trigger={<Ellipsis size={16} aria-hidden />}>
            <MenuItem
              icon={<Play size={15} aria-hidden />}
              onClick={() =>
                void navigate({
                  to: "/jobs/new",
                  search: {
                    file: idOf(job.file),
                    ...(first && { templates: job.templates.map(idOf).join(",") }),
                  },
                })
              }
            >
              {words.again}
            </MenuItem>
            <MenuItem
              icon={<Copy size={15} aria-hidden />}
              onClick={() =>
                void navigator.clipboard.writeText(job.name).then(() => toast({ title: words.copied }))
              }
            >
              {words.copyName}
            </MenuItem>
            <MenuSeparator />
            <MenuItem
              danger
              disabled={!ended}
              icon={<Trash2 size={15} aria-hidden />}
              onClick={() => onAsk("remove")}
            >
              {words.remove}
            </MenuItem>
          </Menu>
        </>
      }
    >
      {job.display_name && (
        <>
          <bdi>{file}</bdi> ·{" "}
        </>
      )}
      <bdi>{words.chain(job.steps.map((step) => step.display_name))}</bdi>
    </PageHead>
  );
}
