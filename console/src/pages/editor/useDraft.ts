import { useBlocker } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { type Draft, packed, same, unpacked } from "@/lib/draft";
import { recallInTab, rememberInTab } from "@/lib/store";

/**
 * The draft of a template. What is not saved is kept in this tab, so that an ended session or a reload loses nothing;
 * leaving the page asks, unless the server ended the session and there is nothing to ask.
 */
export function useDraft(id: string | undefined, start: Draft) {
  const place = `draft.${id ?? "new"}`;
  const [kept] = useState(() => unpacked(recallInTab(place), start));
  const [draft, setDraft] = useState(kept ?? start);
  const [isRestored, setRestored] = useState(kept !== undefined);
  const isDirty = !same(draft, start);
  const free = useRef(false);
  useEffect(() => {
    rememberInTab(place, isDirty ? packed(draft, start) : null);
  }, [place, draft, start, isDirty]);
  const blocker = useBlocker({
    shouldBlockFn: ({ next }) => isDirty && !free.current && next.pathname !== "/sign-in",
    enableBeforeUnload: () => isDirty && !free.current,
    withResolver: true,
  });
  return {
    draft,
    isDirty,
    isRestored,
    blocker,
    change: (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part })),
    discard: () => {
      setDraft(start);
      setRestored(false);
    },
    /** Called when the draft is saved: nothing is kept, and the next page may come. */
    settle: () => {
      free.current = true;
      setRestored(false);
      rememberInTab(place, null);
      setTimeout(() => {
        free.current = false;
      }, 0);
    },
  };
}
