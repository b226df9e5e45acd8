import { useEffect, useState } from "react";
import { ApiError } from "@/api/errors";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { common } from "@/words/common";
import { reasonOf, sentenceOf } from "@/words/reasons";

/** What went wrong, with the reason and the request that a maintainer would ask for. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const wait = useCountdown(error instanceof ApiError ? error.retryAfter : 0, error);
  const request = error instanceof ApiError && error.requestId;
  return (
    <Note
      kind="bad"
      action={
        retry && (
          <Button look="quiet" disabled={wait > 0} onClick={retry}>
            {wait > 0 ? common.tryAgainIn(wait) : common.tryAgain}
          </Button>
        )
      }
    >
      {sentenceOf(error)}{" "}
      <span className="xs">
        ({reasonOf(error)}
        {request && `, ${common.request(request)}`})
      </span>
    </Note>
  );
}

/** Seconds left of a wait that starts anew with each error. */
function useCountdown(seconds: number, error: unknown): number {
  const [left, setLeft] = useState(seconds);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the same wait may be asked for twice.
  useEffect(() => {
    setLeft(seconds);
    if (!seconds) return;
    const timer = setInterval(() => setLeft((before) => Math.max(0, before - 1)), 1000);
    return () => clearInterval(timer);
  }, [seconds, error]);
  return left;
}
