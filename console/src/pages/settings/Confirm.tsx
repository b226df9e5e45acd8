import type { UseMutationResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { common } from "@/words/common";

type ConfirmProps<Result, Input> = {
  title: string;
  text: ReactNode;
  button: string;
  keep?: string;
  act: UseMutationResult<Result, Error, Input>;
  input: Input;
  onClose: () => void;
};

/** Asks before what cannot be taken back. */
export function Confirm<Result, Input>({
  title,
  text,
  button,
  keep,
  act,
  input,
  onClose,
}: ConfirmProps<Result, Input>) {
  return (
    <Dialog
      open
      onClose={onClose}
      title={title}
      foot={
        <>
          <Button onClick={onClose}>{keep ?? common.keep}</Button>
          <Button
            look="danger"
            busy={act.isPending}
            onClick={() => act.mutate(input, { onSuccess: onClose })}
          >
            {button}
          </Button>
        </>
      }
    >
      <p className="ink2">{text}</p>
      {act.error && <Failed error={act.error} />}
    </Dialog>
  );
}
