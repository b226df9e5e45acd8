/** Keys that work on every page. Single ones are off in fields, and where a person switched them off (WCAG 2.1.4). */
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { singleKeys } from "@/lib/store";

export type Opened = "palette" | "help" | null;

const PLACES: Readonly<Record<string, string>> = {
  h: "/",
  f: "/files",
  t: "/templates",
  j: "/jobs",
  u: "/usage",
  s: "/settings/account",
};
/** Within so long after `g`, a letter leads to a page. */
const SECOND_KEY_MS = 1500;

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target.closest("input, textarea, select, [role=menu], [role=listbox]") !== null);

export function useShortcuts(open: (what: Opened) => void): void {
  const navigate = useNavigate();
  const began = useRef(0);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { key } = event;
      if ((event.ctrlKey || event.metaKey) && !event.altKey && key.toLowerCase() === "k") {
        event.preventDefault();
        return open("palette");
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target) || !singleKeys()) return;
      // A dialog has the keyboard to itself.
      if (document.querySelector("[role=dialog][data-open]:not([data-nested])")) return;
      const place = PLACES[key];
      if (place && Date.now() - began.current < SECOND_KEY_MS) {
        began.current = 0;
        void navigate({ to: place });
      } else if (key === "g") began.current = Date.now();
      else if (key === "c") void navigate({ to: "/jobs/new" });
      else if (key === "?") open("help");
      else if (key === "/") {
        const filter = document.querySelector<HTMLInputElement>("[data-filter]");
        if (!filter) return;
        event.preventDefault();
        filter.focus();
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [navigate, open]);
}
