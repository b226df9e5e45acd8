import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import style from "./Stat.module.css";

/** Numbers side by side; as many in a line as there is room for. */
export const Stats = ({ children }: { children: ReactNode }) => <dl className={style.stats}>{children}</dl>;

type StatProps = { label: ReactNode; value: ReactNode; of?: ReactNode; look?: "good" | "bad" | "muted" };

export const Stat = ({ label, value, of, look }: StatProps) => (
  <div className={style.stat}>
    <dt>{label}</dt>
    <dd className={cx(look && style[look])}>
      {value}
      {of && <small> {of}</small>}
    </dd>
  </div>
);
