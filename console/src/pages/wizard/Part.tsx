import { Check } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import styles from "./wizard.module.css";

/** One part of the page, with its number, or a tick once it is done. */
export function Part({
  number,
  done,
  title,
  aside,
  children,
}: {
  number: number;
  done: boolean;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={styles.part} aria-label={title}>
      <header>
        <span className={cx(styles.number, done && styles.done)} aria-hidden>
          {done ? <Check size={13} strokeWidth={2.5} /> : number}
        </span>
        <h2>{title}</h2>
        {aside}
      </header>
      <div className={styles.body}>{children}</div>
    </section>
  );
}
