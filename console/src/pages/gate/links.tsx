/** Pages that the links of mails lead to. Their token is read once and is in no address afterwards. */
import { useMutation } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ok } from "@/api/client";
import { ApiError } from "@/api/errors";
import { takeToken } from "@/lib/hash";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { gate as words } from "@/words/gate";
import { sentenceOf } from "@/words/reasons";
import { arrive } from "./arrived";
import { Frame } from "./Frame";
import { PasswordField } from "./fields";
import style from "./gate.module.css";

export function Reset() {
  const [token] = useState(takeToken);
  const [password, setPassword] = useState("");
  const navigate = useNavigate();
  const set = useMutation({
    mutationFn: () => ok(api.POST("/v1/passwordResets:confirm", { body: { token, new_password: password } })),
    onSuccess: () => {
      arrive({ email: "", note: words.resetDone });
      return navigate({ to: "/sign-in" });
    },
  });
  if (!token) return <Missing title={words.resetTitle} />;
  const reason = set.error instanceof ApiError ? set.error.reason : "";
  const ofPassword = reason.startsWith("PASSWORD_") ? sentenceOf(set.error) : undefined;
  return (
    <Frame title={words.resetTitle} text={words.resetText}>
      {set.error && !ofPassword && <Failed error={set.error} />}
      <form
        className={style.fields}
        onSubmit={(event) => {
          event.preventDefault();
          set.mutate();
        }}
      >
        <PasswordField value={password} onChange={setPassword} error={ofPassword} isNew autoFocus />
        <Button look="primary" large type="submit" busy={set.isPending}>
          {words.resetButton}
        </Button>
      </form>
      <p className={style.links}>
        <Link to="/forgot-password">{words.linkNew}</Link>
      </p>
    </Frame>
  );
}

export function Verify() {
  const [token] = useState(takeToken);
  const navigate = useNavigate();
  const verify = useMutation({
    mutationFn: () => ok(api.POST("/v1/users:verifyEmail", { body: { token } })),
    onSuccess: () => {
      arrive({ email: "", note: words.verified });
      return navigate({ to: "/sign-in" });
    },
  });
  if (!token) return <Missing title={words.verifyTitle} />;
  return (
    <Frame title={words.verifyTitle} text={words.verifyText}>
      {verify.error && <Failed error={verify.error} />}
      <Button look="primary" large busy={verify.isPending} onClick={() => verify.mutate()}>
        {words.verifyButton}
      </Button>
    </Frame>
  );
}

const Missing = ({ title }: { title: string }) => (
  <Frame title={title} text={words.linkMissing}>
    <Link to="/forgot-password" className={buttonClass("plain", { large: true })}>
      {words.linkNew}
    </Link>
  </Frame>
);
