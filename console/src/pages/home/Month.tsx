import { Link } from "@tanstack/react-router";
import type { Usage } from "@/api/client";
import { n } from "@/lib/format";
import { costOf } from "@/lib/usage";
import { Progress } from "@/ui/Progress";
import { home as words } from "@/words/home";
import { usage as usageWords } from "@/words/usage";
import style from "./home.module.css";

export function Month({ usage }: { usage: Usage }) {
  const limit = Number(usage.limit ?? 0);
  return (
    <section className="card card-pad stack">
      <h2>{words.month}</h2>
      <dl className={style.month}>
        <div>
          <dt>{words.used}</dt>
          <dd>{n(usage.used)}</dd>
        </div>
        <div>
          <dt>{words.cost}</dt>
          <dd>{costOf(usage).text}</dd>
        </div>
        <div>
          <dt>{words.left}</dt>
          <dd>{limit ? n(usage.left) : words.noLimit}</dd>
        </div>
        <div>
          <dt>{words.plan}</dt>
          <dd className={style.plan}>{usage.plan}</dd>
        </div>
      </dl>
      {limit > 0 && (
        <Progress
          thin
          live
          good={Number(usage.used)}
          total={limit}
          label={words.month}
          text={usageWords.meter(usage.percent ?? 0)}
        />
      )}
      <Link to="/usage" className="sm">
        {words.details}
      </Link>
    </section>
  );
}
