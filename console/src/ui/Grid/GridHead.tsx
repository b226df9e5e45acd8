import { type PointerEvent, useRef } from "react";
import { cx } from "@/lib/cx";
import { placeOf, type Shape, type ShownColumn } from "./columns";
import style from "./Grid.module.css";
import { HEAD } from "./range";

/** The line of titles. A title's right edge can be drawn; Alt with an arrow does the same for the column of the focus. */
export function GridHead({ shape, columns }: { shape: Shape; columns: ShownColumn[] }) {
  const pinned = shape.shown[0];
  return (
    <div role="rowgroup" className={style.head} style={{ width: shape.total, height: HEAD }}>
      <div role="row" aria-rowindex={1} className={style.titles} style={{ width: shape.total, height: HEAD }}>
        {pinned && <Title column={pinned} shape={shape} isPinned />}
        {columns.map((column) => (
          <Title key={column.id} column={column} shape={shape} />
        ))}
      </div>
    </div>
  );
}

function Title({ column, shape, isPinned }: { column: ShownColumn; shape: Shape; isPinned?: boolean }) {
  const from = useRef<{ x: number; width: number } | null>(null);
  const start = (event: PointerEvent<HTMLSpanElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    from.current = { x: event.clientX, width: column.width };
  };
  const drag = ({ clientX }: PointerEvent) => {
    if (from.current) shape.resize(column.id, from.current.width + clientX - from.current.x);
  };
  const stop = () => {
    from.current = null;
  };
  return (
    <div
      role="columnheader"
      aria-colindex={column.index + 1}
      className={cx(
        style.title,
        isPinned && style.pinned,
        column.isNew && style.made,
        column.numeric && style.numeric,
      )}
      style={placeOf(column, Boolean(isPinned))}
      title={column.title}
    >
      <span className={style.text} dir="auto">
        {column.title}
      </span>
      <span
        className={style.edge}
        aria-hidden
        onPointerDown={start}
        onPointerMove={drag}
        onPointerUp={stop}
        onPointerCancel={stop}
      />
    </div>
  );
}
