import { memo, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { placeOf, type ShownColumn } from "./columns";
import style from "./Grid.module.css";
import type { Place } from "./move";

type GridRowProps = {
  row: number;
  size: number;
  pinned: ShownColumn | undefined;
  columns: ShownColumn[];
  width: number;
  cell: (row: number, column: number) => ReactNode;
  /** The column with the tab stop, or -1. */
  active: number;
  selected: boolean;
  onFocus: (at: Place) => void;
  onPress: (row: number, column: number) => void;
};

/** More of a text than any screen shows in one cell; the whole of it is where the row is opened. */
const MOST_CHARACTERS = 1000;
const cut = (content: ReactNode): ReactNode =>
  typeof content === "string" && content.length > MOST_CHARACTERS
    ? content.slice(0, MOST_CHARACTERS)
    : content;

export const GridRow = memo(function GridRow({
  row,
  size,
  pinned,
  columns,
  width,
  cell,
  active,
  selected,
  onFocus,
  onPress,
}: GridRowProps) {
  const one = (column: ShownColumn, isPinned: boolean) => (
    <div
      key={column.id}
      role={isPinned ? "rowheader" : "gridcell"}
      aria-colindex={column.index + 1}
      data-at={`${row}:${column.index}`}
      tabIndex={active === column.index ? 0 : -1}
      className={cx(
        style.cell,
        isPinned && style.pinned,
        column.isNew && style.made,
        column.numeric && style.numeric,
      )}
      style={placeOf(column, isPinned)}
      dir="auto"
      onFocus={() => onFocus({ row, column: column.index })}
      onClick={() => onPress(row, column.index)}
    >
      <span className={style.text}>{cut(cell(row, column.place))}</span>
    </div>
  );
  return (
    <div
      role="row"
      aria-rowindex={row + 2}
      aria-selected={selected || undefined}
      className={style.row}
      style={{ transform: `translateY(${row * size}px)`, height: size, width }}
    >
      {pinned && one(pinned, true)}
      {columns.map((column) => one(column, false))}
    </div>
  );
});
