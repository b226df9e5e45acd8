import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { takeToken } from "@/lib/hash";
import { deviceToken, rememberDevice } from "@/lib/store";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { gate as words } from "@/words/gate";
import { arrived } from "./arrived";
import { Frame } from "./Frame";
import { EmailField, PasswordField } from "./fields";
import style from "./gate.module.css";

/** With a password, or with the link of a mail (`#token=`). The session comes as a cookie. */
export function SignIn() {
  const [token] = useState(takeToken);
  return token ? <ByLink token={token} /> : <ByPassword />;
}

/** What follows a new session: nothing of an earlier one, and the page that was asked for. */
function useEntrance(): (made: { device_token: string }) => Promise<void> {
  const { next } = useSearch({ from: "/sign-in" });
  const queries = useQueryClient();
  const router = useRouter();
  return async (made) => {
    rememberDevice(made.device_token);
    queries.clear();
    router.history.push(next ?? "/");
  };
}

function ByPassword() {
  const { why } = useSearch({ from: "/sign-in" });
  const enter = useEntrance();
  const here = useQuery(q.installation);
  const [email, setEmail] = useState(() => arrived().email);
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => {
      const body = { email, password, device_token: deviceToken(), in_cookie: true };
      return ok(api.POST("/v1/sessions", { body }));
    },
    onSuccess: enter,
    onSettled: () => setPassword(""),
  });
  const { note } = arrived();
  return (
    <Frame title={words.signInTitle}>
      {why === "ended" && !signIn.error && <Note kind="info">{words.ended}</Note>}
      {note && !signIn.error && <Note kind="good">{note}</Note>}
      {signIn.error && <Failed error={signIn.error} />}
      <form
        className={style.fields}
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate();
        }}
      >
        <EmailField value={email} onChange={setEmail} autoFocus={!email} />
        <PasswordField value={password} onChange={setPassword} autoFocus={Boolean(email)} />
        <Button look="primary" large type="submit" busy={signIn.isPending}>
          {words.signIn}
        </Button>
      </form>
      <p className={style.links}>
        <Link to="/forgot-password">{words.forgot}</Link>
        {here.data?.sign_up !== "closed" && <Link to="/register">{words.create}</Link>}
      </p>
    </Frame>
  );
}

/** A link is followed only when a person presses the button: mail programs open links by themselves. */
function ByLink({ token }: { token: string }) {
  const enter = useEntrance();
  const signIn = useMutation({
    mutationFn: () => ok(api.POST("/v1/signInLinks:confirm", { body: { token, in_cookie: true } })),
    onSuccess: enter,
  });
  return (
    <Frame title={words.linkTitle} text={words.linkText}>
      {signIn.error && <Failed error={signIn.error} />}
      {signIn.error ? (
        <Link to="/forgot-password">{words.linkNew}</Link>
      ) : (
        <Button look="primary" large busy={signIn.isPending} onClick={() => signIn.mutate()}>
          {words.signIn}
        </Button>
      )}
    </Frame>
  );
}
