import { Radio, WifiOff } from "lucide-react";
import type { Job } from "@/api/client";
import { hasEnded, type Link } from "@/api/watch";
import { duration, money, n, short } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { Progress } from "@/ui/Progress";
import { Stat, Stats } from "@/ui/Stat";
import { states } from "@/words/common";
import { jobs, standing as words } from "@/words/jobs";
import styles from "./job.module.css";

/** How far the job is, in two colours and in numbers. Screen readers hear each tenth, not each event. */
export function Standing({ job, link }: { job: Job; link: Link }) {
  const counts = job.request_counts ?? { total: 0, succeeded: 0, failed: 0, skipped: 0 };
  const ended = hasEnded(job);
  const seconds =
    (Date.parse(job.end_time ?? "") - Date.parse(job.start_time ?? job.create_time ?? "")) / 1000;
  const percent = Math.floor(job.percent);
  return (
    <section className={styles.standing} aria-label={words.title}>
      <Progress
        good={counts.succeeded}
        bad={counts.failed}
        skipped={counts.skipped}
        total={counts.total}
        live={job.state === "RUNNING"}
        label={words.title}
        text={jobs.progressText(counts.succeeded, counts.failed, counts.total)}
      />
      <Stats>
        <Stat label={words.done} value={`${percent} %`} />
        <Stat
          label={words.rows}
          value={n(counts.succeeded + counts.failed + counts.skipped)}
          of={words.of(counts.total)}
        />
        <Stat label={words.failed} value={n(counts.failed)} look={counts.failed ? "bad" : undefined} />
        {counts.skipped > 0 && <Stat label={words.skipped} value={n(counts.skipped)} />}
        {ended ? (
          <Stat label={words.took} value={Number.isFinite(seconds) ? duration(seconds) : words.unknown} />
        ) : (
          <Stat
            label={words.left}
            value={job.eta_seconds ? duration(job.eta_seconds) : <small>{words.unknown}</small>}
          />
        )}
        {!ended && <Stat label={words.rate} value={job.rows_per_second.toFixed(1)} />}
        <Stat
          label={ended ? words.costEnd : words.cost}
          value={job.cost_usd ? money(job.cost_usd) : <small>{words.noPrice}</small>}
          of={[job.max_cost_usd && words.budget(job.max_cost_usd), job.tokens_estimated && words.estimated]
            .filter(Boolean)
            .join(", ")}
        />
        <Stat label={words.tokens} value={short(job.input_tokens)} of={`/ ${short(job.output_tokens)}`} />
      </Stats>
      {!ended && (
        <span className={styles.link}>
          <Badge
            kind={link === "live" ? "good" : link === "lost" ? "warn" : "plain"}
            icon={link === "lost" ? <WifiOff size={12} aria-hidden /> : <Radio size={12} aria-hidden />}
          >
            {words.links[link]}
          </Badge>
        </span>
      )}
      <p className="sr" role="status">
        {ended
          ? words.spokenEnd((states[job.state] ?? "").toLowerCase(), counts.succeeded, counts.failed)
          : job.state === "RUNNING"
            ? words.spoken(Math.floor(percent / 10) * 10)
            : states[job.state]}
      </p>
    </section>
  );
}
