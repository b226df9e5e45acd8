import type { ReactNode } from "react";
import style from "./settings.module.css";

type SectionProps = { title: string; text?: ReactNode; action?: ReactNode; children?: ReactNode };

export const Section = ({ title, text, action, children }: SectionProps) => (
  <section className="card">
    <div className="card-head">
      <div className={style.words}>
        <h2>{title}</h2>
        {text && <p className="sm muted">{text}</p>}
      </div>
      {action}
    </div>
    {children}
  </section>
);
