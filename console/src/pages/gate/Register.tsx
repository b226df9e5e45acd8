import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, ok } from "@/api/client";
import { ApiError } from "@/api/errors";
import { q } from "@/api/queries";
import { deviceToken, rememberDevice } from "@/lib/store";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { gate as words } from "@/words/gate";
import { sentenceOf } from "@/words/reasons";
import { arrive } from "./arrived";
import { Frame } from "./Frame";
import { EmailField, PasswordField } from "./fields";
import style from "./gate.module.css";

export function Register() {
  const here = useQuery(q.installation);
  return here.data?.sign_up === "closed" ? <Closed /> : <Form verify={here.data?.verify_email ?? false} />;
}

const Closed = () => (
  <Frame title={words.closedTitle} text={words.closedText}>
    <Link to="/sign-in" className={buttonClass("plain", { large: true })}>
      {words.back}
    </Link>
  </Frame>
);

function Form({ verify }: { verify: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const create = useMutation({
    mutationFn: async () => {
      await ok(api.POST("/v1/users", { body: { email, password } }));
      if (verify) return null;
      const body = { email, password, device_token: deviceToken(), in_cookie: true };
      // The account is there, whatever becomes of this: then its owner signs in by hand.
      return ok(api.POST("/v1/sessions", { body })).catch(() => null);
    },
    onSuccess: async (made) => {
      setPassword("");
      queries.clear();
      if (made) {
        rememberDevice(made.device_token);
        return navigate({ to: "/" });
      }
      arrive({ email, note: verify ? words.verifyFirst(email) : "" });
      return navigate({ to: "/sign-in" });
    },
  });
  const reason = create.error instanceof ApiError ? create.error.reason : "";
  if (reason === "SIGN_UP_CLOSED") return <Closed />;
  const ofPassword = reason.startsWith("PASSWORD_") && sentenceOf(create.error);
  const ofEmail = reason.startsWith("EMAIL_") && sentenceOf(create.error);
  return (
    <Frame title={words.registerTitle} text={words.registerText}>
      {create.error && !ofPassword && !ofEmail && <Failed error={create.error} />}
      <form
        className={style.fields}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <EmailField value={email} onChange={setEmail} error={ofEmail || undefined} autoFocus />
        <PasswordField
          value={password}
          onChange={setPassword}
          email={email}
          error={ofPassword || undefined}
          isNew
        />
        <Button look="primary" large type="submit" busy={create.isPending}>
          {words.registerButton}
        </Button>
      </form>
      <p className={style.links}>
        <span>
          {words.haveAccount} <Link to="/sign-in">{words.signIn}</Link>
        </span>
      </p>
    </Frame>
  );
}
