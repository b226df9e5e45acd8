import { useQuery } from "@tanstack/react-query";
import { Plus, Terminal } from "lucide-react";
import { useState } from "react";
import { type AccessToken, api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { ago, day } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { Field, Input } from "@/ui/Field";
import { Select } from "@/ui/Select";
import { common } from "@/words/common";
import { tokens as words } from "@/words/settings";
import { Confirm } from "./Confirm";
import { Once } from "./Once";
import { Section } from "./Section";
import style from "./settings.module.css";
import { useAct } from "./useAct";

const KEY = q.tokens.queryKey;
const DAY_MS = 86_400_000;
const LIVES = [7, 30, 90, 365].map((days) => ({ value: String(days), label: words.days(days) }));
const SCOPES = (["read", "write"] as const).map((value) => ({ value, label: words[value] }));

export default function Tokens() {
  const list = useQuery(q.tokens);
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<AccessToken | null>(null);
  const revoke = useAct(
    (name: string) =>
      ok(api.DELETE("/v1/accessTokens/{access_token}", { params: { path: { access_token: idOf(name) } } })),
    { key: KEY, done: words.revoked },
  );
  const add = (
    <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setAdding(true)}>
      {words.add}
    </Button>
  );
  return (
    <Section title={words.title} text={words.text} action={add}>
      <Query of={list} rows={3}>
        {({ access_tokens }) =>
          access_tokens.length ? (
            <Table tokens={access_tokens} onRevoke={setRevoking} />
          ) : (
            <Empty icon={<Terminal size={20} aria-hidden />} title={words.emptyTitle}>
              {words.emptyText}
            </Empty>
          )
        }
      </Query>
      {adding && <Add onClose={() => setAdding(false)} />}
      {revoking && (
        <Confirm
          title={words.revokeTitle(revoking.display_name)}
          text={words.revokeText}
          button={words.revokeButton}
          act={revoke}
          input={revoking.name}
          onClose={() => setRevoking(null)}
        />
      )}
    </Section>
  );
}

const Table = ({ tokens, onRevoke }: { tokens: AccessToken[]; onRevoke: (token: AccessToken) => void }) => (
  <div className="table-wrap">
    <table className="table">
      <caption className="sr">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.may}</th>
          <th scope="col">{words.lastUsed}</th>
          <th scope="col">{words.ends}</th>
          <th>
            <span className="sr">{common.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.name}>
            <td className="main">{token.display_name}</td>
            <td>
              <span className="row">
                {token.scopes.map((scope) => (
                  <Badge key={scope}>{words.scopes[scope] ?? scope}</Badge>
                ))}
              </span>
            </td>
            <td className="dim">{ago(token.last_used_time)}</td>
            <td className="dim">
              {Date.parse(token.expire_time ?? "") < Date.now() ? (
                <Badge>{words.ended}</Badge>
              ) : (
                day(token.expire_time)
              )}
            </td>
            <td className="right">
              <Button look="quiet" onClick={() => onRevoke(token)}>
                {words.revoke}
              </Button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

function Add({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [scope, setScope] = useState<"read" | "write">("read");
  const [days, setDays] = useState("90");
  const make = useAct(
    () => {
      const expire_time = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
      const scopes = scope === "write" ? ["read", "write"] : ["read"];
      return ok(api.POST("/v1/accessTokens", { body: { display_name: name, scopes, expire_time } }));
    },
    { key: KEY },
  );
  if (make.data)
    return (
      <Dialog
        open
        onClose={onClose}
        title={words.madeTitle}
        foot={
          <Button look="primary" onClick={onClose}>
            {common.done}
          </Button>
        }
      >
        <Once label={name} value={make.data.token} />
      </Dialog>
    );
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.add}
      foot={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form="new-token" busy={make.isPending}>
            {words.make}
          </Button>
        </>
      }
    >
      <form
        id="new-token"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Field label={words.name}>
          {(ids) => (
            <Input
              {...ids}
              required
              maxLength={100}
              placeholder={words.namePlaceholder}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <div className={style.halves}>
          <Field label={words.may}>
            {(ids) => <Select {...ids} value={scope} onChange={setScope} options={SCOPES} />}
          </Field>
          <Field label={words.endsIn}>
            {(ids) => <Select {...ids} value={days} onChange={setDays} options={LIVES} />}
          </Field>
        </div>
        {make.error && <Failed error={make.error} />}
      </form>
    </Dialog>
  );
}
