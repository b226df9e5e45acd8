import { cx } from "@/lib/cx";
import style from "./Progress.module.css";

type ProgressProps = {
  /** Counts of the same kind as `total`. */
  good: number;
  bad?: number;
  skipped?: number;
  total: number;
  label: string;
  /** The same in words, such as "2,746 done, 143 failed, of 5,000". */
  text: string;
  live?: boolean;
  thin?: boolean;
};

export function Progress({ good, bad = 0, skipped = 0, total, label, text, live, thin }: ProgressProps) {
  const share = (count: number) => ({ width: `${total > 0 ? (100 * count) / total : 0}%` });
  const done = good + bad + skipped;
  return (
    <div
      className={cx(style.bar, thin && style.thin)}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={total > 0 ? Math.floor((100 * done) / total) : 0}
      aria-valuetext={text}
    >
      <div className={live ? style.live : style.good} style={share(good)} />
      <div className={style.bad} style={share(bad)} />
      <div className={style.skipped} style={share(skipped)} />
    </div>
  );
}
