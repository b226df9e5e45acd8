import { ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import styles from "./editor.module.css";

/** What most people leave as it is: closed, with its state in a line. */
export function Fold({
  title,
  summary,
  open,
  children,
}: {
  title: string;
  summary: string;
  open?: boolean;
  children: ReactNode;
}) {
  return (
    <details className={styles.fold} open={open}>
      <summary>
        <ChevronRight size={16} aria-hidden />
        <span className={styles.foldTitle}>{title}</span>
        <span className="sm muted clip">{summary}</span>
      </summary>
      <div className={styles.foldBody}>{children}</div>
    </details>
  );
}
