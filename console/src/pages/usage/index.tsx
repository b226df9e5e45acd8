import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { ChartNoAxesColumn } from "lucide-react";
import type { Usage } from "@/api/client";
import { q } from "@/api/queries";
import { money, n, short } from "@/lib/format";
import { costOf, lastMonths } from "@/lib/usage";
import { PageHead } from "@/parts/PageHead";
import { Query } from "@/parts/Query";
import { buttonClass } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { Note } from "@/ui/Note";
import { Progress } from "@/ui/Progress";
import { Select } from "@/ui/Select";
import { Stat, Stats } from "@/ui/Stat";
import { usage as words } from "@/words/usage";
import { Days } from "./Days";
import style from "./usage.module.css";

/** A year back; the meter of older months is in the export. */
const MONTHS = 12;
const monthName = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });

export function UsagePage() {
  const { month } = useSearch({ from: "/app/usage" });
  const navigate = useNavigate();
  const months = lastMonths(MONTHS, new Date());
  const shown = month && months.includes(month) ? month : (months[0] ?? "");
  const usage = useQuery(q.usage(shown === months[0] ? undefined : shown));
  return (
    <div className="page">
      <PageHead
        title={words.title}
        actions={
          <Select
            small
            label={words.month}
            value={shown}
            onChange={(next) =>
              void navigate({
                to: "/usage",
                search: next === months[0] ? {} : { month: next },
                replace: true,
              })
            }
            options={months.map((value) => ({ value, label: monthName.format(new Date(`${value}-01`)) }))}
          />
        }
      >
        {words.text}
      </PageHead>
      <Query of={usage} rows={8}>
        {(data) => <Meter usage={data} />}
      </Query>
    </div>
  );
}

function Meter({ usage }: { usage: Usage }) {
  const cost = costOf(usage);
  const limit = Number(usage.limit ?? 0);
  const tokens = (of: "input_tokens" | "output_tokens") =>
    short(usage.models.reduce((sum, part) => sum + Number(part[of]), 0));
  return (
    <>
      <section className="card card-pad stack">
        <Stats>
          <Stat label={words.used} value={n(usage.used)} of={limit > 0 && words.of(limit)} />
          <Stat label={words.left} value={limit > 0 ? n(usage.left) : words.noLimit} />
          <Stat label={words.plan} value={<span className={style.plan}>{usage.plan}</span>} />
          <Stat label={words.cost} value={cost.text} />
          <Stat label={words.tokens} value={tokens("input_tokens")} of={`/ ${tokens("output_tokens")}`} />
        </Stats>
        {limit > 0 && (
          <Progress
            live
            good={Number(usage.used)}
            total={limit}
            label={words.used}
            text={words.meter(usage.percent ?? 0)}
          />
        )}
        {!cost.whole && <Note kind="info">{words.unpriced}</Note>}
        {usage.models.some((part) => part.tokens_estimated) && <Note kind="info">{words.estimated}</Note>}
      </section>
      {usage.days.length ? (
        <>
          <Days usage={usage} />
          <Models usage={usage} />
        </>
      ) : (
        <section className="card">
          <Empty
            icon={<ChartNoAxesColumn size={20} aria-hidden />}
            title={words.nothing}
            action={
              <Link to="/jobs/new" className={buttonClass("primary")}>
                {words.newJob}
              </Link>
            }
          >
            {words.nothingText}
          </Empty>
        </section>
      )}
    </>
  );
}

const Models = ({ usage }: { usage: Usage }) => (
  <section className="card">
    <div className="card-head">
      <h2>{words.byModel}</h2>
    </div>
    <div className="table-wrap">
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.model}</th>
            <th scope="col" className="right">
              {words.usages}
            </th>
            <th scope="col" className="right">
              {words.tokensIn}
            </th>
            <th scope="col" className="right">
              {words.tokensOut}
            </th>
            <th scope="col" className="right">
              {words.costShort}
            </th>
          </tr>
        </thead>
        <tbody>
          {usage.models.map((part) => (
            <tr key={part.model}>
              <td className="mono">{part.model}</td>
              <td className="right num">{n(part.used)}</td>
              <td className="right num dim">{n(part.input_tokens)}</td>
              <td className="right num dim">{n(part.output_tokens)}</td>
              <td className="right num">{money(part.cost_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </section>
);
