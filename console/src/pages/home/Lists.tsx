import { Link } from "@tanstack/react-router";
import { FileSpreadsheet } from "lucide-react";
import { type DataFile, idOf, type Job } from "@/api/client";
import { hasEnded } from "@/api/watch";
import { ago, money, when } from "@/lib/format";
import { State } from "@/parts/State";
import { Progress } from "@/ui/Progress";
import { home as words } from "@/words/home";
import style from "./home.module.css";

const MOST_JOBS = 8;
const MOST_FILES = 5;

const nameOf = (job: Job) => job.file_display_name || words.deletedFile;
const stepsOf = (job: Job) => job.steps.map((step) => step.display_name).join(" → ");

/** What is under way, above all else. */
export function Running({ jobs }: { jobs: Job[] }) {
  const live = jobs.filter((job) => !hasEnded(job));
  if (!live.length) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{words.running}</h2>
      </div>
      <ul>
        {live.map((job) => (
          <li key={job.name} className={style.running}>
            <div className="row between">
              <Link to="/jobs/$id" params={{ id: idOf(job.name) }} className={style.name} dir="auto">
                {nameOf(job)}
              </Link>
              <State of={job.state} />
            </div>
            <Bar job={job} />
            <div className="row between xs muted num">
              <span>{stepsOf(job)}</span>
              <span>{words.of(doneOf(job), job.request_counts?.total ?? 0)}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

const doneOf = ({ request_counts: counts }: Job) => (counts?.succeeded ?? 0) + (counts?.failed ?? 0);

function Bar({ job }: { job: Job }) {
  const { succeeded = 0, failed = 0, total = 0 } = job.request_counts ?? {};
  return (
    <Progress
      thin
      good={succeeded}
      bad={failed}
      total={total}
      live={job.state === "RUNNING"}
      label={words.progressLabel(nameOf(job))}
      text={words.progress(succeeded, failed, total)}
    />
  );
}

export function Jobs({ jobs }: { jobs: Job[] }) {
  const ended = jobs.filter(hasEnded).slice(0, MOST_JOBS);
  return (
    <section className="card">
      <div className="card-head">
        <h2>{words.recent}</h2>
        {jobs.length > 0 && (
          <Link to="/jobs" className="sm">
            {words.all}
          </Link>
        )}
      </div>
      {ended.length ? (
        <ul>
          {ended.map((job) => (
            <li key={job.name} className={style.job}>
              <div className={style.what}>
                <Link to="/jobs/$id" params={{ id: idOf(job.name) }} className={style.name} dir="auto">
                  {nameOf(job)}
                </Link>
                <p className="xs muted clip">{stepsOf(job)}</p>
              </div>
              <span className="num sm">
                {words.of(job.request_counts?.succeeded ?? 0, job.request_counts?.total ?? 0)}
              </span>
              <span className="num sm muted">{money(job.cost_usd)}</span>
              <State of={job.state} />
              <time className="xs muted" dateTime={job.create_time} title={when(job.create_time)}>
                {ago(job.create_time)}
              </time>
            </li>
          ))}
        </ul>
      ) : (
        <p className="card-pad muted sm">{words.noJobs}</p>
      )}
    </section>
  );
}

export function Files({ files }: { files: DataFile[] }) {
  if (!files.length) return null;
  return (
    <section className="card">
      <div className="card-head">
        <h2>{words.files}</h2>
        <Link to="/files" className="sm">
          {words.allFiles}
        </Link>
      </div>
      <ul className={style.files}>
        {files.slice(0, MOST_FILES).map((file) => (
          <li key={file.name}>
            <FileSpreadsheet size={15} aria-hidden />
            <Link to="/files/$id" params={{ id: idOf(file.name) }} className={style.name} dir="auto">
              {file.display_name}
            </Link>
            <span className="xs muted num">{words.rows(file.row_count)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
