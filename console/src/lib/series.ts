/** A job's course as this page saw it: samples of its numbers, thinned so that an hour is drawn as quickly as a minute. */

export interface Sample {
  /** Milliseconds since 1970. */
  at: number;
  done: number;
  failed: number;
  /** US dollars; undefined when a price is unknown. */
  cost: number | undefined;
}
export interface Interval {
  from: number;
  to: number;
  /** Rows a second that got their answers, and that failed. */
  good: number;
  bad: number;
  /** US dollars at its end. */
  cost: number | undefined;
}

const MOST = 240;
/** Rows come in bursts; over less than this, a rate says more about the burst than about the job. */
const LEAST_MS = 3000;

/** Adds a sample. Counts that went back (rows are sent again) begin a new course. When full, every other one goes. */
export function withSample(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && next.done + next.failed < last.done + last.failed) return [next];
  if (last && next.at - last.at < 250)
    return [...samples.slice(0, -1), { ...next, at: samples.length > 1 ? next.at : last.at }];
  const list = [...samples, next];
  return list.length <= MOST ? list : list.filter((_, i) => i % 2 === 0 || i === list.length - 1);
}

/** The course in at most `most` intervals of about the same length; none before there are two samples. */
export function intervals(samples: readonly Sample[], most = 60): Interval[] {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at <= first.at) return [];
  const least = Math.max(LEAST_MS, (last.at - first.at) / most);
  const out: Interval[] = [];
  let from = first;
  for (const sample of samples.slice(1)) {
    const isLast = sample === last;
    if (sample.at - from.at < least && !isLast) continue;
    const seconds = (sample.at - from.at) / 1000;
    if (seconds <= 0) continue;
    out.push({
      from: from.at,
      to: sample.at,
      good: Math.max(0, (sample.done - from.done) / seconds),
      bad: Math.max(0, (sample.failed - from.failed) / seconds),
      cost: sample.cost,
    });
    from = sample;
  }
  return out;
}

/** A round number at or above a value, for the end of an axis. */
export function ceiling(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return step * power;
}
