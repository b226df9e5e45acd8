import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ok } from "@/api/client";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { gate as words } from "@/words/gate";
import { Frame } from "./Frame";
import { EmailField } from "./fields";
import style from "./gate.module.css";

/** Says the same for known and unknown addresses, as the server does. */
export function Forgot() {
  const [email, setEmail] = useState("");
  const send = useMutation({
    mutationFn: (kind: "reset" | "link") =>
      kind === "reset"
        ? ok(api.POST("/v1/passwordResets", { body: { email } }))
        : ok(api.POST("/v1/signInLinks", { body: { email } })),
  });
  if (send.isSuccess)
    return (
      <Frame title={words.sentTitle} text={words.sentReset(email)}>
        <p className={style.links}>
          <Button onClick={() => send.reset()}>{words.sentAgain}</Button>
          <Link to="/sign-in">{words.back}</Link>
        </p>
      </Frame>
    );
  return (
    <Frame title={words.forgotTitle} text={words.forgotText}>
      {send.error && <Failed error={send.error} />}
      <form
        className={style.fields}
        onSubmit={(event) => {
          event.preventDefault();
          // Both buttons of the form check the address in the same way.
          const { submitter } = event.nativeEvent as SubmitEvent;
          send.mutate(submitter?.getAttribute("value") === "link" ? "link" : "reset");
        }}
      >
        <EmailField value={email} onChange={setEmail} autoFocus />
        <Button look="primary" large type="submit" value="reset" busy={send.isPending}>
          {words.sendLink}
        </Button>
        <Button look="quiet" type="submit" value="link" disabled={send.isPending}>
          {words.sendSignInLink}
        </Button>
      </form>
      <p className={style.links}>
        <Link to="/sign-in">{words.back}</Link>
      </p>
    </Frame>
  );
}
