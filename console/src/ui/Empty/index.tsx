import type { ReactNode } from "react";
import style from "./Empty.module.css";

/** Where nothing is yet: what would be here, and how to get it. */
export const Empty = ({
  icon,
  title,
  action,
  children,
}: {
  icon?: ReactNode;
  title: ReactNode;
  action?: ReactNode;
  children?: ReactNode;
}) => (
  <div className={style.empty}>
    {icon && <span className={style.icon}>{icon}</span>}
    <h2>{title}</h2>
    {children && <p>{children}</p>}
    {action && <div className={style.action}>{action}</div>}
  </div>
);
