import type { ReactNode } from "react";
import style from "./Chip.module.css";

type ChipProps = { pressed: boolean; onClick: () => void; count?: ReactNode; children: ReactNode };

/** One filter of several above a table. */
export const Chip = ({ pressed, onClick, count, children }: ChipProps) => (
  <button type="button" className={style.chip} aria-pressed={pressed} onClick={onClick}>
    {children}
    {count !== undefined && <span className={style.count}>{count}</span>}
  </button>
);
