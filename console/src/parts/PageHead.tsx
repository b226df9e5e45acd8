import { type ReactNode, useEffect, useRef } from "react";
import { useTitle } from "@/lib/hooks";
import { common } from "@/words/common";
import style from "./PageHead.module.css";

type PageHeadProps = {
  title: ReactNode;
  /** For the browser's tab, where the title is more than text. */
  tab?: string;
  /** Where this page lies: links, from the outermost. */
  crumbs?: ReactNode;
  actions?: ReactNode;
  children?: ReactNode;
};

let isFirstPage = true;

/** A page's title. It takes the focus at each new page, so that screen readers say where one is. */
export function PageHead({ title, tab, crumbs, actions, children }: PageHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(tab ?? (typeof title === "string" ? title : ""));
  useEffect(() => {
    const busy = document.activeElement?.closest("input, textarea, select, [role=dialog]");
    if (!isFirstPage && !busy) heading.current?.focus({ preventScroll: true });
    isFirstPage = false;
  }, []);
  return (
    <header className={style.head}>
      <div className={style.words}>
        {crumbs && (
          <nav className={style.crumbs} aria-label={common.breadcrumb}>
            {crumbs}
          </nav>
        )}
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {children && <div className={style.text}>{children}</div>}
      </div>
      {actions && <div className={style.actions}>{actions}</div>}
    </header>
  );
}
