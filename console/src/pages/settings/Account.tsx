import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ok, type Schemas, type User } from "@/api/client";
import { q } from "@/api/queries";
import { day } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { Button } from "@/ui/Button";
import { Check, Field, Input } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import { common } from "@/words/common";
import { gate } from "@/words/gate";
import { account as words } from "@/words/settings";
import { Section } from "./Section";
import style from "./settings.module.css";
import { useAct } from "./useAct";

export default function Account() {
  const me = useQuery(q.me);
  const jobs = useQuery(q.jobSettings);
  const files = useQuery(q.fileSettings);
  return (
    <div className={style.narrow}>
      <Query of={me} rows={2}>
        {(user) => <Who user={user} />}
      </Query>
      <Password />
      <Section title={words.work}>
        <Query of={jobs} rows={2}>
          {(data) => <Parallel settings={data} />}
        </Query>
        <Query of={files} rows={2}>
          {(data) => <Retention settings={data} />}
        </Query>
      </Section>
    </div>
  );
}

const Who = ({ user }: { user: User }) => (
  <Section title={words.title}>
    <dl className={style.pairs}>
      <dt>{words.email}</dt>
      <dd>{user.email}</dd>
      <dt>{words.since}</dt>
      <dd>{day(user.create_time)}</dd>
    </dl>
  </Section>
);

function Password() {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [tokens, setTokens] = useState(false);
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => {
      const body = { current_password: current, new_password: next, end_access_tokens: tokens };
      return ok(api.POST("/v1/users/me:changePassword", { body }));
    },
    onSuccess: async () => {
      toast({ title: words.changed });
      await queries.invalidateQueries();
    },
    onSettled: () => {
      setCurrent("");
      setNext("");
    },
  });
  return (
    <Section title={words.password} text={words.passwordText}>
      <form
        className={style.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <Field label={words.current}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="current-password"
              required
              value={current}
              onChange={(event) => setCurrent(event.target.value)}
            />
          )}
        </Field>
        <Field label={gate.newPassword} hint={gate.rules.long([...next].length)}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              required
              value={next}
              onChange={(event) => setNext(event.target.value)}
            />
          )}
        </Field>
        <Check label={words.tokensToo} hint={words.tokensHint} checked={tokens} onChange={setTokens} />
        {change.error && <Failed error={change.error} />}
        <div>
          <Button type="submit" busy={change.isPending}>
            {words.change}
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Parallel({ settings }: { settings: Schemas["JobSettings"] }) {
  const save = useAct(
    (parallel_calls: number) => ok(api.PATCH("/v1/jobSettings", { body: { parallel_calls } })),
    { key: q.jobSettings.queryKey, done: words.saved },
  );
  return (
    <Amount
      label={words.parallel}
      hint={words.parallelHint(settings.installation_parallel_calls, settings.max_parallel_calls)}
      value={settings.parallel_calls}
      most={settings.max_parallel_calls}
      save={save}
    />
  );
}

function Retention({ settings }: { settings: Schemas["FileSettings"] }) {
  const save = useAct(
    (retention_days: number) => ok(api.PATCH("/v1/fileSettings", { body: { retention_days } })),
    { key: q.fileSettings.queryKey, done: words.saved },
  );
  return (
    <Amount
      label={words.retention}
      hint={words.retentionHint(settings.installation_retention_days)}
      value={settings.retention_days}
      most={36_500}
      save={save}
    />
  );
}

type AmountProps = {
  label: string;
  hint: string;
  value: number;
  most: number;
  save: { mutate: (amount: number) => void; isPending: boolean; error: unknown };
};

function Amount({ label, hint, value, most, save }: AmountProps) {
  const [amount, setAmount] = useState(String(value));
  return (
    <form
      className={style.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(Number(amount));
      }}
    >
      <Field label={label} hint={hint}>
        {(ids) => (
          <span className={style.amount}>
            <Input
              {...ids}
              type="number"
              min={0}
              max={most}
              required
              value={amount}
              onChange={(event) => setAmount(event.target.value)}
            />
            <Button type="submit" disabled={Number(amount) === value} busy={save.isPending}>
              {common.save}
            </Button>
          </span>
        )}
      </Field>
      {Boolean(save.error) && <Failed error={save.error} />}
    </form>
  );
}
