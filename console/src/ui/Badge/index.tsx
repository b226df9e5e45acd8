import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import style from "./Badge.module.css";

export type BadgeKind = "plain" | "good" | "warn" | "bad" | "info" | "live";

/** A state in one word. Give it an icon too where the colour alone would tell. */
export const Badge = ({
  kind = "plain",
  icon,
  children,
}: {
  kind?: BadgeKind;
  icon?: ReactNode;
  children: ReactNode;
}) => (
  <span className={cx(style.badge, style[kind])}>
    {icon}
    {children}
  </span>
);
