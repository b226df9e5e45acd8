import type { Job } from "@/api/client";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { asks as words } from "@/words/jobs";
import type { Acts } from "./useActs";

export type Ask = "cancel" | "remove" | "retry";

/** Says what will happen, before what cannot be taken back, or costs, is done. */
export function Asks({
  ask,
  job,
  acts,
  onClose,
}: {
  ask: Ask | undefined;
  job: Job;
  acts: Acts;
  onClose: () => void;
}) {
  if (!ask) return null;
  const act = acts[ask];
  const counts = job.request_counts;
  const left =
    (counts?.total ?? 0) - (counts?.succeeded ?? 0) - (counts?.failed ?? 0) - (counts?.skipped ?? 0);
  const title = ask === "retry" ? words.retry.title(counts?.failed ?? 0) : words[ask].title;
  const text = ask === "cancel" ? words.cancel.text(left) : words[ask].text;
  const close = () => {
    act.reset();
    onClose();
  };
  return (
    <Dialog
      open
      onClose={close}
      title={title}
      foot={
        <>
          <Button onClick={close}>{words[ask].keep}</Button>
          <Button
            look={ask === "retry" ? "primary" : "danger"}
            busy={act.isPending}
            onClick={() => act.mutate(undefined, { onSuccess: close })}
          >
            {words[ask].yes}
          </Button>
        </>
      }
    >
      <p className="ink2">{text as string}</p>
      {act.error && <Failed error={act.error} />}
    </Dialog>
  );
}
