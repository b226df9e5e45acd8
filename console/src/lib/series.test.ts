import { describe, expect, it } from "vitest";
import { ceiling, intervals, type Sample, withSample } from "./series";

const at = (seconds: number, done: number, failed = 0): Sample => ({
  at: seconds * 1000,
  done,
  failed,
  cost: done / 100,
});
const course = (...samples: Sample[]) => samples.reduce<Sample[]>(withSample, []);

describe("a course", () => {
  it("gives rows a second, failed ones apart, and the cost so far", () => {
    const list = intervals(course(at(0, 0), at(4, 20), at(8, 24, 8)));
    expect(list).toEqual([
      { from: 0, to: 4000, good: 5, bad: 0, cost: 0.2 },
      { from: 4000, to: 8000, good: 1, bad: 2, cost: 0.24 },
    ]);
  });

  it("is none before something can be said", () => {
    expect(intervals([])).toEqual([]);
    expect(intervals(course(at(1, 5)))).toEqual([]);
  });

  it("begins anew when rows are sent again", () => {
    expect(course(at(0, 0), at(2, 100), at(4, 90))).toEqual([at(4, 90)]);
  });

  it("stays small however long somebody looks, and keeps its ends", () => {
    const samples = Array.from({ length: 20_000 }, (_, i) => at(i, i * 3));
    const kept = course(...samples);
    expect(kept.length).toBeLessThanOrEqual(240);
    expect(kept[0]).toEqual(at(0, 0));
    expect(kept.at(-1)).toEqual(at(19_999, 59_997));
    const list = intervals(kept);
    expect(list.length).toBeLessThanOrEqual(61);
    for (const each of list) expect(each.good).toBeCloseTo(3);
  });

  it("does not take a burst of events for speed", () => {
    const list = intervals(course(at(0, 0), at(1, 10), { ...at(1.01, 11), failed: 0 }, at(2, 20)));
    for (const each of list) expect(each.good).toBeLessThan(12);
  });
});

describe("the end of an axis", () => {
  it.each([
    [0, 1],
    [Number.NaN, 1],
    [0.3, 0.5],
    [1, 1],
    [3, 5],
    [18, 20],
    [501, 1000],
  ])("for %d is %d", (value, expected) => {
    expect(ceiling(value)).toBeCloseTo(expected);
  });
});
