import { Link } from "@tanstack/react-router";
import { idOf, type Job } from "@/api/client";
import { hasEnded } from "@/api/watch";
import { ago, money, n, when } from "@/lib/format";
import { State } from "@/parts/State";
import { Progress } from "@/ui/Progress";
import { jobs as words } from "@/words/jobs";
import styles from "./jobs.module.css";

export function JobTable({ list }: { list: Job[] }) {
  return (
    <div className="table-wrap">
      <table className="table">
        <caption className="sr">{words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.columns.file}</th>
            <th scope="col">{words.columns.state}</th>
            <th scope="col" className={styles.bar}>
              {words.columns.progress}
            </th>
            <th scope="col" className={`right ${styles.middle}`}>
              {words.columns.failed}
            </th>
            <th scope="col" className={`right ${styles.middle}`}>
              {words.columns.cost}
            </th>
            <th scope="col" className={styles.wide}>
              {words.columns.started}
            </th>
          </tr>
        </thead>
        <tbody>
          {list.map((job) => (
            <Line key={job.name} job={job} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line({ job }: { job: Job }) {
  const counts = job.request_counts;
  const done = (counts?.succeeded ?? 0) + (counts?.failed ?? 0) + (counts?.skipped ?? 0);
  const file = job.file_display_name || words.deletedFile;
  const chain =
    job.steps.map((step) => step.display_name).join(" → ") || words.oldTemplates(job.templates.length);
  return (
    <tr>
      <td className={styles.name}>
        <Link to="/jobs/$id" params={{ id: idOf(job.name) }} search={{}} className={styles.link}>
          <bdi>{job.display_name || file}</bdi>
        </Link>
        <div className="xs muted clip" title={chain}>
          {job.display_name && `${file} · `}
          {chain}
        </div>
      </td>
      <td>
        <State of={job.state} />
      </td>
      <td className={styles.bar}>
        <Progress
          thin
          live={!hasEnded(job)}
          good={counts?.succeeded ?? 0}
          bad={counts?.failed ?? 0}
          skipped={counts?.skipped ?? 0}
          total={counts?.total ?? 0}
          label={words.progress}
          text={words.progressText(counts?.succeeded ?? 0, counts?.failed ?? 0, counts?.total ?? 0)}
        />
        <div className="xs muted num">{words.of(done, counts?.total ?? 0)}</div>
      </td>
      <td className={`right num ${styles.middle} ${counts?.failed ? styles.failed : "dim"}`}>
        {n(counts?.failed)}
      </td>
      <td className={`right num ${styles.middle}`}>{money(job.cost_usd)}</td>
      <td className={`dim ${styles.wide} ${styles.line}`} title={when(job.create_time)}>
        {ago(job.create_time)}
      </td>
    </tr>
  );
}
