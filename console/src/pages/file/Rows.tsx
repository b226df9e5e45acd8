import { ChevronDown, ChevronUp } from "lucide-react";
import { useCallback, useState } from "react";
import type { DataFile } from "@/api/client";
import { idOf } from "@/api/client";
import { n } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Drawer } from "@/ui/Drawer";
import { type Column, Grid } from "@/ui/Grid";
import { file as words } from "@/words/files";
import style from "./file.module.css";
import { type Rows as RowsOfFile, useRows } from "./useRows";

const NUMBER: Column = { id: "#", title: words.number_, width: 64 };
const WIDTH = 180;
const LABELS = { columns: words.columnsMenu, shown: words.shown };

/** The rows as they were read. Scrolling draws this alone, and of it only what comes into view. */
export function Rows({ file }: { file: DataFile }) {
  const id = idOf(file.name);
  const rows = useRows(id, file.parse, file.row_count);
  const [open, setOpen] = useState<number | null>(null);
  const columns = [
    NUMBER,
    ...file.columns.map((column, place) => ({
      id: `${place}:${column.name}`,
      title: column.name,
      width: WIDTH,
    })),
  ];
  const { at, version } = rows;
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows that came must be drawn.
  const cell = useCallback(
    (row: number, column: number) => (column === 0 ? n(row + 1) : (at(row)?.[column - 1] ?? "")),
    [at, version],
  );
  return (
    <>
      {Boolean(rows.error) && <Failed error={rows.error} retry={() => rows.need(0, 0)} />}
      <Grid
        label={words.gridLabel(file.display_name)}
        store={id}
        columns={columns}
        count={file.row_count}
        cell={cell}
        selected={open ?? undefined}
        onRange={rows.need}
        onOpen={setOpen}
        labels={LABELS}
      />
      {open !== null && <Row file={file} rows={rows} index={open} onGo={setOpen} />}
    </>
  );
}

type RowProps = { file: DataFile; rows: RowsOfFile; index: number; onGo: (index: number | null) => void };

/** One row, with each value whole. */
function Row({ file, rows, index, onGo }: RowProps) {
  const cells = rows.at(index);
  return (
    <Drawer
      open
      onClose={() => onGo(null)}
      title={words.row(index + 1)}
      actions={
        <>
          <Button
            look="quiet"
            aria-label={words.previousRow}
            icon={<ChevronUp size={16} aria-hidden />}
            disabled={index === 0}
            onClick={() => onGo(index - 1)}
          />
          <Button
            look="quiet"
            aria-label={words.nextRow}
            icon={<ChevronDown size={16} aria-hidden />}
            disabled={index === file.row_count - 1}
            onClick={() => onGo(index + 1)}
          />
        </>
      }
    >
      <dl className={style.values}>
        {file.columns.map((column, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat; places do not.
          <div key={place}>
            <dt dir="auto">{column.name}</dt>
            <dd dir="auto">{cells?.[place] || <span className="muted">{words.emptyCell}</span>}</dd>
          </div>
        ))}
      </dl>
    </Drawer>
  );
}
