import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { Job } from "@/api/client";
import { hasEnded, type Link } from "@/api/watch";
import { when } from "@/lib/format";
import type { Sample } from "@/lib/series";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { Note } from "@/ui/Note";
import { job as words } from "@/words/jobs";
import { type Ask, Asks } from "./Asks";
import { Course } from "./Course";
import { Download } from "./Download";
import { Head } from "./Head";
import styles from "./job.module.css";
import { Reasons } from "./Reasons";
import { Rows } from "./Rows";
import { Standing } from "./Standing";
import { useActs } from "./useActs";
import { useWatched } from "./useWatched";
import { Waiting } from "./Waiting";

/** One job: how it stands, why it waits, and its rows. */
export function JobPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const { job, link, course } = useWatched(id);
  return (
    <Query of={job} rows={8}>
      {(data) => <Page key={id} id={id} job={data} link={link} course={course} />}
    </Query>
  );
}

function Page({ id, job, link, course }: { id: string; job: Job; link: Link; course: Sample[] }) {
  const acts = useActs(id);
  const [ask, setAsk] = useState<Ask>();
  const [downloads, setDownloads] = useState(false);
  const error = acts.pause.error ?? acts.resume.error;
  return (
    <div className={styles.page}>
      <Head job={job} acts={acts} onAsk={setAsk} onDownload={() => setDownloads(true)} />
      {link === "lost" && !hasEnded(job) && <Note kind="warn">{words.lost}</Note>}
      {error && <Failed error={error} />}
      <Waiting job={job} acts={acts} />
      <div className={styles.top}>
        <Standing job={job} link={link} />
        <Course samples={course} running={job.state === "RUNNING"} />
      </div>
      <Reasons id={id} job={job} />
      <Rows id={id} job={job} acts={acts} />
      <p className="xs muted">
        {words.facts(job.parallel_calls, job.first_row, job.last_row)}{" "}
        {job.start_time && words.started(when(job.start_time))}{" "}
        {job.end_time && words.ended(when(job.end_time))}{" "}
        {job.economy && words.economy(job.batches_under_way)} {!hasEnded(job) && words.closing}
      </p>
      <Asks ask={ask} job={job} acts={acts} onClose={() => setAsk(undefined)} />
      <Download open={downloads} onClose={() => setDownloads(false)} job={job} />
    </div>
  );
}
