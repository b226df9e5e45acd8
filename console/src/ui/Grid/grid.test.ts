import { describe, expect, it } from "vitest";
import { moveFrom } from "./move";
import { rangeOf } from "./range";

const column = (index: number) => ({
  id: String(index),
  title: "",
  place: index,
  index,
  width: 100,
  left: 100 * index,
  isLast: index === 29,
});
const columns = Array.from({ length: 30 }, (_, index) => column(index));
const sizes = { count: 50_000, size: 37, columns };

describe("what is in the document", () => {
  it("is a window, however long the table is", () => {
    const range = rangeOf(
      { scrollTop: 37 * 25_000, scrollLeft: 1000, clientHeight: 600, clientWidth: 800 },
      sizes,
    );
    expect(range.top).toBeLessThanOrEqual(25_000);
    expect(range.bottom).toBeGreaterThanOrEqual(25_017);
    expect((range.bottom - range.top) * (range.right - range.left)).toBeLessThan(500);
    expect(columns[range.left]?.left).toBeLessThanOrEqual(1000);
    expect(columns[range.right - 1]?.left).toBeGreaterThanOrEqual(1700);
  });
  it("ends where the table ends", () => {
    const range = rangeOf(
      { scrollTop: 37 * 49_990, scrollLeft: 0, clientHeight: 600, clientWidth: 800 },
      sizes,
    );
    expect(range.bottom).toBe(50_000);
    expect(range.left).toBe(1);
  });
  it("is nothing of an empty table", () =>
    expect(
      rangeOf({ scrollTop: 0, scrollLeft: 0, clientHeight: 600, clientWidth: 800 }, { ...sizes, count: 0 })
        .bottom,
    ).toBe(0));
});

describe("keys", () => {
  const last = { row: 49_999, column: 29 };
  const press = (key: string, ctrlKey = false, at = { row: 10, column: 5 }) =>
    moveFrom(at, { key, ctrlKey, metaKey: false }, last, 15);
  it("move by cell, page and to the ends", () => {
    expect(press("ArrowDown")).toEqual({ row: 11, column: 5 });
    expect(press("j")).toEqual({ row: 11, column: 5 });
    expect(press("PageUp")).toEqual({ row: 0, column: 5 });
    expect(press("Home")).toEqual({ row: 10, column: 0 });
    expect(press("End", true)).toEqual(last);
    expect(press("ArrowLeft", false, { row: 0, column: 0 })).toEqual({ row: 0, column: 0 });
  });
  it("that mean nothing are left to the browser", () => expect(press("a")).toBeUndefined());
});
