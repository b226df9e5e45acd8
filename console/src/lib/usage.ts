/** Sums over a month's meter. */
import type { Usage } from "@/api/client";
import { money } from "./format";

/** What the models cost together; `whole` is false when one of them has no known price. */
export function costOf(usage: Usage): { text: string; whole: boolean } {
  const priced = usage.models.filter((part) => part.cost_usd !== "");
  const sum = priced.reduce((total, part) => total + Number(part.cost_usd), 0);
  return { text: money(String(sum)), whole: priced.length === usage.models.length };
}

export type Day = { day: string; used: number };

/** Every day of the month, also those on which nothing was used; a month that goes on ends with its last day. */
export function daysOf(usage: Usage): Day[] {
  const used = new Map(usage.days.map((part) => [part.day, Number(part.used)]));
  const [year = 0, month = 1] = usage.period_start.split("-").map(Number);
  const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Array.from({ length: count }, (_, index) => {
    const day = `${usage.period_start.slice(0, 8)}${String(index + 1).padStart(2, "0")}`;
    return { day, used: used.get(day) ?? 0 };
  });
}

/** The last months up to that of `now`, the latest first, as `YYYY-MM`. */
export function lastMonths(count: number, now: Date): string[] {
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}
