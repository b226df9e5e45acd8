import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { useEffect, useSyncExternalStore } from "react";
import { Button } from "../Button";
import style from "./Toast.module.css";

export type Toast = { title: string; text?: string; kind?: "info" | "good" | "bad" };
type Shown = Toast & { id: number };

/** Long enough to read two lines twice; the pointer over it does not stop it, for nothing is only said here. */
const SECONDS = 7;
const MOST = 4;
const ICONS = { info: Info, good: CircleCheck, bad: CircleAlert };

let shown: readonly Shown[] = [];
let last = 0;
const listeners = new Set<() => void>();

function set(next: readonly Shown[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

/** Confirms what was done. Errors that need an act stay on their page instead. */
export function toast(what: Toast): void {
  last += 1;
  set([...shown, { ...what, id: last }].slice(-MOST));
}

const dismiss = (id: number) => set(shown.filter((one) => one.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts({ closeLabel = "Dismiss" }: { closeLabel?: string }) {
  const list = useSyncExternalStore(subscribe, () => shown);
  return (
    // The region is there before its first message: screen readers say only what changes in it.
    <section className={style.toasts} aria-live="polite" aria-label="Messages">
      {list.map((one) => (
        <One key={one.id} one={one} closeLabel={closeLabel} />
      ))}
    </section>
  );
}

function One({ one, closeLabel }: { one: Shown; closeLabel: string }) {
  const Icon = ICONS[one.kind ?? "good"];
  useEffect(() => {
    const timer = setTimeout(() => dismiss(one.id), SECONDS * 1000);
    return () => clearTimeout(timer);
  }, [one.id]);
  return (
    <div className={style.toast} data-kind={one.kind ?? "good"}>
      <Icon size={16} aria-hidden />
      <div>
        <strong>{one.title}</strong>
        {one.text && <p>{one.text}</p>}
      </div>
      <Button
        look="quiet"
        icon={<X size={14} aria-hidden />}
        aria-label={closeLabel}
        onClick={() => dismiss(one.id)}
      />
    </div>
  );
}
