import { useState } from "react";
import type { Usage } from "@/api/client";
import { money, n } from "@/lib/format";
import { daysOf } from "@/lib/usage";
import { Button } from "@/ui/Button";
import { usage as words } from "@/words/usage";
import style from "./usage.module.css";

/** Shares of the picture, which stretches to its place. */
const HEIGHT = 100;
const BAR = 10;
const GAP = 2;

const dayName = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
const named = (day: string) => dayName.format(new Date(day));

/** A bar for each day, and the same as a table for who does not see bars. */
export function Days({ usage }: { usage: Usage }) {
  const [table, setTable] = useState(false);
  const days = daysOf(usage);
  const most = Math.max(1, ...days.map((day) => day.used));
  return (
    <section className="card">
      <div className="card-head">
        <h2>{words.byDay}</h2>
        <div className="row">
          <span className="xs muted num">{words.most(most)}</span>
          <Button look="quiet" aria-pressed={table} onClick={() => setTable(!table)}>
            {words.table}
          </Button>
        </div>
      </div>
      {table ? (
        <Table usage={usage} />
      ) : (
        <div className="card-pad">
          <svg
            className={style.bars}
            viewBox={`0 0 ${days.length * BAR} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={words.chart(usage.used, usage.days.length)}
          >
            {days.map(({ day, used }, place) => {
              const height = used ? Math.max(2, (HEIGHT * used) / most) : 1;
              return (
                <rect
                  key={day}
                  className={used ? style.used : style.none}
                  x={place * BAR + GAP / 2}
                  y={HEIGHT - height}
                  width={BAR - GAP}
                  height={height}
                >
                  <title>{words.dayLabel(named(day), used)}</title>
                </rect>
              );
            })}
          </svg>
          <div className={style.axis} aria-hidden>
            <span>{named(days[0]?.day ?? usage.period_start)}</span>
            <span>{named(days[Math.floor(days.length / 2)]?.day ?? usage.period_start)}</span>
            <span>{named(days.at(-1)?.day ?? usage.period_start)}</span>
          </div>
        </div>
      )}
    </section>
  );
}

const Table = ({ usage }: { usage: Usage }) => (
  <div className="table-wrap">
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{words.day}</th>
          <th scope="col" className="right">
            {words.usages}
          </th>
          <th scope="col" className="right">
            {words.costShort}
          </th>
        </tr>
      </thead>
      <tbody>
        {usage.days.map((part) => (
          <tr key={part.day}>
            <td>{named(part.day)}</td>
            <td className="right num">{n(part.used)}</td>
            <td className="right num dim">{money(part.cost_usd)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
