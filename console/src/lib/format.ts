/** Numbers, amounts and times as people read them. Int64s come from the API as strings. */

type Numeric = number | string | undefined;

const whole = new Intl.NumberFormat("en");
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const aDay = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const aMoment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;
/** From this many days on, a date says more than "23 days ago". */
const RELATIVE_DAYS = 20;

export const n = (value: Numeric): string => whole.format(Number(value ?? 0));
export const short = (value: Numeric): string => compact.format(Number(value ?? 0));
export const plural = (count: Numeric, one: string, many = `${one}s`): string =>
  `${n(count)} ${Number(count ?? 0) === 1 ? one : many}`;
export const percent = (share: number): string => `${whole.format(Math.round(share * 100))} %`;

/** Dollars; an amount under a cent keeps two digits that say something. */
export function money(value: string | undefined): string {
  if (!value) return "no price";
  const amount = Number(value);
  return amount > 0 && amount < 0.01 ? `$${Number(amount.toPrecision(2))}` : `$${amount.toFixed(2)}`;
}

export function bytes(value: Numeric): string {
  const size = Number(value ?? 0);
  for (const [unit, of] of [
    ["GB", 2 ** 30],
    ["MB", 2 ** 20],
    ["kB", 2 ** 10],
  ] as const) {
    if (size >= of) return `${(size / of).toFixed(1)} ${unit}`;
  }
  return plural(size, "byte");
}

/** Before or after now, in words; `now` in milliseconds is for tests. */
export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return "never";
  const seconds = (Date.parse(time) - now) / 1000;
  if (Math.abs(seconds) > RELATIVE_DAYS * DAY) return day(time);
  for (const [unit, of] of [
    ["day", DAY],
    ["hour", HOUR],
    ["minute", MINUTE],
  ] as const) {
    if (Math.abs(seconds) >= of) return relative.format(Math.round(seconds / of), unit);
  }
  return "just now";
}

export const day = (time: string | undefined): string => (time ? aDay.format(new Date(time)) : "–");
export const when = (time: string | undefined): string => (time ? aMoment.format(new Date(time)) : "–");

export function duration(seconds: number): string {
  const rounded = Math.max(0, Math.round(seconds));
  if (rounded < MINUTE) return `${rounded} s`;
  if (rounded < HOUR) return `${Math.floor(rounded / MINUTE)} min ${rounded % MINUTE} s`;
  return `${Math.floor(rounded / HOUR)} h ${Math.round((rounded % HOUR) / MINUTE)} min`;
}
