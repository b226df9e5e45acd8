import { useId } from "react";
import { money, n } from "@/lib/format";
import { ceiling, intervals, type Sample } from "@/lib/series";
import { course as words } from "@/words/jobs";
import styles from "./job.module.css";

const WIDTH = 600;
const HEIGHT = 120;
const rate = (value: number) => (value >= 10 ? n(Math.round(value)) : value.toFixed(1));
const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium" });

/** Rows a second and cost over time, as this page saw them: a picture, and the same as a table. */
export function Course({ samples, running }: { samples: Sample[]; running: boolean }) {
  const id = useId();
  const list = intervals(samples);
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || list.length < 2)
    return running ? (
      <section className={styles.course} aria-label={words.title}>
        <h2>{words.title}</h2>
        <p className="sm muted">{words.wait}</p>
      </section>
    ) : null;
  const span = last.at - first.at;
  const x = (at: number) => ((at - first.at) / span) * WIDTH;
  const peak = Math.max(...list.map((each) => each.good + each.bad));
  const top = ceiling(peak);
  const height = (value: number) => (value / top) * HEIGHT;
  const costs = list.flatMap((each) => (each.cost === undefined ? [] : [{ at: each.to, cost: each.cost }]));
  const most = ceiling(Math.max(0, ...costs.map((each) => each.cost)));
  const line = costs
    .map((each) => `${x(each.at).toFixed(1)},${(HEIGHT - (each.cost / most) * HEIGHT).toFixed(1)}`)
    .join(" ");
  const failed = last.failed - first.failed;
  return (
    <section className={styles.course} aria-labelledby={`${id}-title`}>
      <div className="row between">
        <h2 id={`${id}-title`}>{words.title}</h2>
        <span className="xs muted">{words.since(span / 1000)}</span>
      </div>
      <div className={styles.pictures}>
        <figure>
          <figcaption className="xs">
            <i className={styles.keyGood} /> {words.rate}
            {failed > 0 && (
              <>
                <i className={styles.keyBad} /> {words.bad}
              </>
            )}
            <span className="muted num">{rate(top)}</span>
          </figcaption>
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={words.describe(rate(peak), failed)}
          >
            {list.map((each) => {
              const width = Math.max(1, x(each.to) - x(each.from) - 1);
              return (
                <g key={each.from}>
                  <rect
                    className={styles.good}
                    x={x(each.from)}
                    y={HEIGHT - height(each.good)}
                    width={width}
                    height={height(each.good)}
                  />
                  <rect
                    className={styles.bad}
                    x={x(each.from)}
                    y={HEIGHT - height(each.good + each.bad)}
                    width={width}
                    height={height(each.bad)}
                  />
                </g>
              );
            })}
          </svg>
        </figure>
        {costs.length > 1 && (
          <figure>
            <figcaption className="xs">
              <i className={styles.keyCost} /> {words.cost}
              <span className="muted num">{money(String(most))}</span>
            </figcaption>
            <svg
              viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
              preserveAspectRatio="none"
              role="img"
              aria-label={words.describeCost(money(String(costs.at(-1)?.cost)))}
            >
              <polyline className={styles.costLine} points={line} vectorEffect="non-scaling-stroke" />
            </svg>
          </figure>
        )}
      </div>
      <details className={styles.table}>
        <summary className="xs">{words.table}</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
        <section tabIndex={0} aria-label={words.table}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.time}</th>
                <th scope="col" className="right">
                  {words.rate}
                </th>
                <th scope="col" className="right">
                  {words.bad}
                </th>
                <th scope="col" className="right">
                  {words.cost}
                </th>
              </tr>
            </thead>
            <tbody>
              {list.map((each) => (
                <tr key={each.from}>
                  <td className="num">{clock.format(each.to)}</td>
                  <td className="right num">{rate(each.good)}</td>
                  <td className="right num">{rate(each.bad)}</td>
                  <td className="right num">{each.cost === undefined ? "–" : money(String(each.cost))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </details>
    </section>
  );
}
