/** Where the keys lead, as the grid pattern of the ARIA practices has it. */
import { type RefObject, useCallback, useLayoutEffect, useRef } from "react";
import { singleKeys } from "@/lib/store";
import type { ShownColumn } from "./columns";
import { HEAD } from "./range";

export type Place = { row: number; column: number };
type Key = { key: string; ctrlKey: boolean; metaKey: boolean };

/** The place that a key leads to, within the table; undefined for a key that leads nowhere. */
export function moveFrom(
  at: Place,
  { key, ctrlKey, metaKey }: Key,
  last: Place,
  page: number,
): Place | undefined {
  const far = ctrlKey || metaKey;
  const to = (row: number, column: number): Place => ({
    row: Math.max(0, Math.min(last.row, row)),
    column: Math.max(0, Math.min(last.column, column)),
  });
  switch (key) {
    case "ArrowDown":
      return to(far ? last.row : at.row + 1, at.column);
    case "ArrowUp":
      return to(far ? 0 : at.row - 1, at.column);
    case "ArrowRight":
      return to(at.row, far ? last.column : at.column + 1);
    case "ArrowLeft":
      return to(at.row, far ? 0 : at.column - 1);
    case "PageDown":
      return to(at.row + page, at.column);
    case "PageUp":
      return to(at.row - page, at.column);
    case "Home":
      return to(far ? 0 : at.row, 0);
    case "End":
      return to(far ? last.row : at.row, last.column);
    case "j":
      return !far && singleKeys() ? to(at.row + 1, at.column) : undefined;
    case "k":
      return !far && singleKeys() ? to(at.row - 1, at.column) : undefined;
    default:
      return undefined;
  }
}

type Moving = { size: number; columns: ShownColumn[]; look: () => void; setAt: (at: Place) => void };

/** Goes to a cell: into sight, and with the focus. */
export function useMove(scroller: RefObject<HTMLDivElement | null>, moving: Moving): (to: Place) => void {
  const latest = useRef(moving);
  latest.current = moving;
  const target = useRef<Place | null>(null);

  // The cell is in the document only once it has been drawn at its place.
  useLayoutEffect(() => {
    if (!target.current) return;
    const { row, column } = target.current;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-at="${row}:${column}"]`);
    if (!cell) return;
    target.current = null;
    cell.focus({ preventScroll: true });
  });

  return useCallback(
    (to) => {
      const box = scroller.current;
      const { size, columns, look, setAt } = latest.current;
      const column = columns[to.column];
      if (!box || !column) return;
      const height = box.clientHeight - HEAD;
      if (to.row * size < box.scrollTop) box.scrollTop = to.row * size;
      else if ((to.row + 1) * size > box.scrollTop + height) box.scrollTop = (to.row + 1) * size - height;
      const pinned = columns[0]?.width ?? 0;
      if (to.column > 0 && column.left - pinned < box.scrollLeft) box.scrollLeft = column.left - pinned;
      else if (column.left + column.width > box.scrollLeft + box.clientWidth)
        box.scrollLeft = column.left + column.width - box.clientWidth;
      target.current = to;
      setAt(to);
      look();
    },
    [scroller],
  );
}
