import { ShieldCheck } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { useTitle } from "@/lib/hooks";
import { common } from "@/words/common";
import { gate as words } from "@/words/gate";
import style from "./gate.module.css";

/** A form at the left, and at the right what Smelt does, for those who were sent here without a word. */
export function Frame({ title, text, children }: { title: string; text?: ReactNode; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title);
  useEffect(() => {
    // A form's first field has the focus already.
    if (document.activeElement === document.body) heading.current?.focus();
  }, []);
  return (
    <div className={style.gate}>
      <main className={style.form}>
        <div className={style.inner}>
          <div className={style.brand}>
            <img src="/console/smelt.svg" alt="" width={30} height={30} />
            {common.brand}
          </div>
          <div className={style.head}>
            <h1 ref={heading} tabIndex={-1}>
              {title}
            </h1>
            {text && <p>{text}</p>}
          </div>
          {children}
        </div>
      </main>
      <aside className={style.art}>
        <p className={style.claim}>{words.art.title}</p>
        <Sample />
        <ul>
          {words.art.points.map((point) => (
            <li key={point}>
              <ShieldCheck size={16} aria-hidden />
              {point}
            </li>
          ))}
        </ul>
      </aside>
    </div>
  );
}

/** A picture of the product, in text: a prompt, and what it made of three rows. */
function Sample() {
  const { sample } = words.art;
  return (
    <figure className={style.sample} aria-hidden>
      <div className={style.prompt}>
        {sample.prompt}
        <b>{sample.name}</b>
        {sample.at}
        <b>{sample.company}</b>
      </div>
      {sample.rows.map((row) => (
        <div key={row.name} className={style.line}>
          <span>{row.name}</span>
          <span>{row.company}</span>
          <span className={style.made}>{row.opener}</span>
        </div>
      ))}
    </figure>
  );
}
