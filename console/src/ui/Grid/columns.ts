/** Which columns a person sees, how wide each is, and where it begins. */
import { useMemo, useState } from "react";
import { recall, remember } from "@/lib/store";
import type { Column } from ".";

export const NARROWEST = 56;
export const WIDEST = 1200;

/** A column that is shown: `place` is its index among all, `index` among the shown ones. */
export type ShownColumn = Column & { place: number; index: number; left: number; isLast: boolean };

/** Where a cell stands in its row. The last column takes the room that is left, so that no empty strip is. */
export function placeOf({ width, left, isLast }: ShownColumn, isPinned: boolean) {
  if (isPinned) return { width };
  return isLast ? { left, right: 0 } : { left, width };
}

export type Shape = {
  all: Column[];
  shown: ShownColumn[];
  /** Pixels of all shown columns. */
  total: number;
  hidden: ReadonlySet<string>;
  resize: (id: string, width: number) => void;
  toggle: (id: string) => void;
};

type Kept = { widths: Record<string, number>; hidden: string[] };
const NOTHING: Kept = { widths: {}, hidden: [] };

function kept(store: string): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(recall(`columns.${store}`) ?? "{}") as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

export function useColumns(store: string, columns: Column[]): Shape {
  const [state, setState] = useState(() => ({ store, ...kept(store) }));
  // Another file under the same grid has choices of its own.
  const current = state.store === store ? state : { store, ...kept(store) };
  const names = columns.map((column) => `${column.id}\n${column.width}\n${column.title}`).join("\f");

  // biome-ignore lint/correctness/useExhaustiveDependencies: callers build the list anew at each drawing.
  return useMemo(() => {
    const change = (next: Kept) => {
      setState({ store, ...next });
      remember(`columns.${store}`, JSON.stringify({ widths: next.widths, hidden: next.hidden }));
    };
    const hidden = new Set(current.hidden);
    const shown: ShownColumn[] = [];
    let left = 0;
    columns.forEach((column, place) => {
      // The first one tells which row it is, and stays.
      if (place > 0 && hidden.has(column.id)) return;
      const width = current.widths[column.id] ?? column.width;
      shown.push({ ...column, width, place, index: shown.length, left, isLast: false });
      left += width;
    });
    const last = shown.at(-1);
    if (last) last.isLast = true;
    return {
      all: columns,
      shown,
      total: left,
      hidden,
      resize: (id, width) => {
        const bounded = Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
        change({ ...current, widths: { ...current.widths, [id]: bounded } });
      },
      toggle: (id) => {
        const next = new Set(hidden);
        if (!next.delete(id)) next.add(id);
        change({ ...current, hidden: [...next] });
      },
    };
  }, [names, current.widths, current.hidden, store]);
}
