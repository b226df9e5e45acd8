import type { useBlocker } from "@tanstack/react-router";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { editor } from "@/words/templates";

type Blocker = ReturnType<typeof useBlocker> extends infer Given ? Exclude<Given, void> : never;

/** Asks before unsaved text is left behind. */
export function Leave({ blocker }: { blocker: Blocker }) {
  const words = editor.leave;
  const stay = () => blocker.reset?.();
  return (
    <Dialog
      open={blocker.status === "blocked"}
      onClose={stay}
      title={words.title}
      foot={
        <>
          <Button onClick={stay}>{words.stay}</Button>
          <Button look="danger" onClick={() => blocker.proceed?.()}>
            {words.go}
          </Button>
        </>
      }
    >
      <p className="ink2">{words.text}</p>
    </Dialog>
  );
}
