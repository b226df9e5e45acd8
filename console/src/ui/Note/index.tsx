import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import style from "./Note.module.css";

const ICONS = { info: Info, good: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

/** Something to know on this page, with the one button that helps. A bad one is said at once. */
export function Note({
  kind,
  action,
  children,
}: {
  kind: keyof typeof ICONS;
  action?: ReactNode;
  children: ReactNode;
}) {
  const Icon = ICONS[kind];
  return (
    <div className={cx(style.note, style[kind])} role={kind === "bad" ? "alert" : undefined}>
      <Icon size={16} aria-hidden />
      <div className={style.words}>{children}</div>
      {action && <div className={style.action}>{action}</div>}
    </div>
  );
}
