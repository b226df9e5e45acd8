/** Which rows and columns are in sight, and a few around them. */
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { ShownColumn } from "./columns";

/** Height of the line of titles. */
export const HEAD = 36;
/** Rows are drawn in steps, so that a wheel's small moves mostly draw nothing. */
const STEP = 6;
/** Rows and columns beyond the edge, so that the next move finds them there. */
const AROUND = 6;
const COLUMNS_AROUND = 1;
/** What is only passed by is not asked for. */
const STILL_MS = 80;

/** Half open: `bottom` and `right` are the first beyond. */
export type Range = { top: number; bottom: number; left: number; right: number };

type Sizes = {
  count: number;
  size: number;
  columns: ShownColumn[];
  onRange?: ((first: number, last: number) => void) | undefined;
};

type Sight = { scrollTop: number; scrollLeft: number; clientHeight: number; clientWidth: number };

export function rangeOf(sight: Sight, { count, size, columns }: Sizes): Range {
  const first = Math.floor(sight.scrollTop / size) - AROUND;
  const last = Math.ceil((sight.scrollTop + sight.clientHeight) / size) + AROUND;
  const edge = sight.scrollLeft + sight.clientWidth;
  let left = 1;
  while (left < columns.length - 1 && endOf(columns[left]) <= sight.scrollLeft) left += 1;
  let right = left;
  while (right < columns.length && (columns[right]?.left ?? 0) < edge) right += 1;
  return {
    top: Math.max(0, Math.floor(first / STEP) * STEP),
    bottom: Math.min(count, Math.ceil(last / STEP) * STEP),
    left: Math.max(1, left - COLUMNS_AROUND),
    right: Math.min(columns.length, right + COLUMNS_AROUND),
  };
}

const endOf = (column: ShownColumn | undefined) => (column ? column.left + column.width : 0);

export function useRange(
  scroller: RefObject<HTMLDivElement | null>,
  sizes: Sizes,
): { range: Range; look: () => void } {
  const [range, setRange] = useState<Range>({ top: 0, bottom: 0, left: 1, right: 1 });
  const latest = useRef(sizes);
  latest.current = sizes;

  const look = useCallback(() => {
    if (!scroller.current) return;
    const next = rangeOf(scroller.current, latest.current);
    setRange((before) => (isSame(before, next) ? before : next));
  }, [scroller]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is in sight depends on these.
  useLayoutEffect(look, [sizes.count, sizes.size, sizes.columns, look]);
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const observer = new ResizeObserver(look);
    observer.observe(box);
    return () => observer.disconnect();
  }, [scroller, look]);

  const { top, bottom } = range;
  useEffect(() => {
    if (bottom <= top) return;
    const timer = setTimeout(() => latest.current.onRange?.(top, bottom - 1), top ? STILL_MS : 0);
    return () => clearTimeout(timer);
  }, [top, bottom]);

  return { range, look };
}

const isSame = (a: Range, b: Range) =>
  a.top === b.top && a.bottom === b.bottom && a.left === b.left && a.right === b.right;
