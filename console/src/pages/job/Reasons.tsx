import { useNavigate } from "@tanstack/react-router";
import type { Job } from "@/api/client";
import { n } from "@/lib/format";
import { rowReasons, reasons as words } from "@/words/jobs";
import styles from "./job.module.css";

/** Failed rows by their reason, the commonest first, each with what to do. */
export function Reasons({ id, job }: { id: string; job: Job }) {
  const navigate = useNavigate();
  const counts = Object.entries(job.error_counts).sort(([, one], [, other]) => other - one);
  if (!counts.length) return null;
  const show = () =>
    void navigate({ to: "/jobs/$id", params: { id }, search: { filter: "state = FAILED" }, replace: true });
  return (
    <section className="card" aria-label={words.title}>
      <div className="card-head">
        <h2>{words.title}</h2>
      </div>
      <ul className={styles.reasons}>
        {counts.map(([reason, count]) => {
          const known = rowReasons[reason];
          return (
            <li key={reason}>
              <span className={styles.reasonCount}>{n(count)}</span>
              <span className={styles.reasonName}>
                <button type="button" onClick={show} aria-label={words.show(known?.name ?? reason)}>
                  {known?.name ?? reason}
                </button>
                {known && <span className="sm ink2">{known.todo}</span>}
              </span>
              <code className="xs muted">{reason}</code>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
