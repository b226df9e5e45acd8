/**
 * A table of many rows of equal height. Only the rows and columns in sight are in the document, and what is in
 * sight is this part's own state: scrolling draws nothing but the few rows that come into view.
 */
import { type KeyboardEvent, type ReactNode, useCallback, useLayoutEffect, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { ColumnsMenu } from "./ColumnsMenu";
import { useColumns } from "./columns";
import style from "./Grid.module.css";
import { GridHead } from "./GridHead";
import { GridRow } from "./GridRow";
import { moveFrom, type Place, useMove } from "./move";
import { HEAD, useRange } from "./range";
import { useFill } from "./useFill";

export type Column = {
  id: string;
  title: string;
  /** Pixels, until a person chooses another width. */
  width: number;
  /** Made by a job, so it is tinted. */
  isNew?: boolean;
  numeric?: boolean;
};

export type GridLabels = { columns: string; shown: (shown: number, all: number) => string };

type GridProps = {
  label: string;
  columns: Column[];
  count: number;
  /** What stands in a cell; both are indices from 0. Text is cut, so that one huge cell cannot stop the page. */
  cell: (row: number, column: number) => ReactNode;
  /** Under this name, widths and hidden columns are remembered. */
  store: string;
  twoLines?: boolean;
  selected?: number;
  /** Told which rows are in sight, once they have stood still for a moment. */
  onRange?: (first: number, last: number) => void;
  onOpen?: (row: number) => void;
  /** At the left of the line above the table, such as filters. */
  bar?: ReactNode;
  labels?: GridLabels;
};

const ONE_LINE = 37;
const TWO_LINES = 57;
const WIDTH_STEP = 24;
const ENGLISH: GridLabels = { columns: "Columns", shown: (shown, all) => `${shown} of ${all}` };

export function Grid({ columns, count, cell, twoLines, selected, onOpen, onRange, ...rest }: GridProps) {
  const size = twoLines ? TWO_LINES : ONE_LINE;
  const scroller = useRef<HTMLDivElement>(null);
  const shape = useColumns(rest.store, columns);
  const { range, look } = useRange(scroller, { count, size, columns: shape.shown, onRange });
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const move = useMove(scroller, { size, columns: shape.shown, look, setAt });
  const height = useFill(scroller, HEAD + count * size);
  const last = { row: count - 1, column: shape.shown.length - 1 };

  // Fewer rows than before, as after a filter: the tab stop must be on one that exists.
  useLayoutEffect(() => {
    setAt((before) => ({
      row: Math.max(0, Math.min(before.row, count - 1)),
      column: Math.max(0, Math.min(before.column, shape.shown.length - 1)),
    }));
  }, [count, shape.shown.length]);

  const open = useRef(onOpen);
  open.current = onOpen;
  const onPress = useCallback((row: number, column: number) => {
    setAt({ row, column });
    open.current?.(row);
  }, []);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.altKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const column = shape.shown[at.column];
      if (!column) return;
      event.preventDefault();
      shape.resize(column.id, column.width + (event.key === "ArrowRight" ? WIDTH_STEP : -WIDTH_STEP));
    } else if (event.key === "Enter" && open.current) {
      event.preventDefault();
      open.current(at.row);
    } else {
      const seen = Math.floor(((scroller.current?.clientHeight ?? 0) - HEAD) / size);
      const next = moveFrom(at, event, last, Math.max(1, seen - 1));
      if (!next) return;
      event.preventDefault();
      move(next);
    }
  };

  const shownColumns = shape.shown.slice(range.left, range.right);
  const rows = Array.from({ length: Math.max(0, range.bottom - range.top) }, (_, i) => range.top + i);
  // The row with the tab stop stays, so that scrolling takes the focus from nobody.
  if (count && (at.row < range.top || at.row >= range.bottom)) rows.push(at.row);
  return (
    <div className={style.whole}>
      <div className={style.bar}>
        <div className={style.filters}>{rest.bar}</div>
        <ColumnsMenu shape={shape} labels={rest.labels ?? ENGLISH} />
      </div>
      <div
        ref={scroller}
        className={cx(style.grid, twoLines && style.two)}
        style={{ height }}
        role="grid"
        aria-label={rest.label}
        aria-rowcount={count + 1}
        aria-colcount={shape.shown.length}
        tabIndex={count ? -1 : 0}
        onScroll={look}
        onKeyDown={onKeyDown}
      >
        <GridHead shape={shape} columns={shownColumns} />
        <div role="rowgroup" className={style.body} style={{ height: count * size, width: shape.total }}>
          {rows.map((row) => (
            <GridRow
              key={row}
              row={row}
              size={size}
              pinned={shape.shown[0]}
              columns={shownColumns}
              width={shape.total}
              cell={cell}
              active={at.row === row ? at.column : -1}
              selected={selected === row}
              onFocus={setAt}
              onPress={onPress}
            />
          ))}
        </div>
      </div>
    </div>
  );
}
