import { useQuery } from "@tanstack/react-query";
import { Ellipsis, FlaskConical, KeyRound, List, Plus, Trash2, Zap } from "lucide-react";
import { useState } from "react";
import { type ApiKey, api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { useStandIn } from "@/api/standIn";
import { ago, when } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { State } from "@/parts/State";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { common } from "@/words/common";
import { keys as words } from "@/words/settings";
import { AddKey } from "./AddKey";
import { Confirm } from "./Confirm";
import { KeyUses } from "./KeyUses";
import { Section } from "./Section";
import style from "./settings.module.css";
import { TestedKey } from "./TestedKey";
import { useAct } from "./useAct";

const KEY = q.keys.queryKey;
const nameOf = (key: ApiKey) => key.label || `…${key.hint}`;
const pathOf = (name: string) => ({ params: { path: { api_key: idOf(name) } } });

export default function Keys() {
  const list = useQuery(q.keys);
  const [adding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<ApiKey | null>(null);
  const [shown, setShown] = useState<ApiKey | null>(null);
  const test = useAct(
    (name: string) => ok(api.POST("/v1/apiKeys/{api_key}:test", { ...pathOf(name), body: {} })),
    {
      key: KEY,
    },
  );
  const activate = useAct((name: string) => ok(api.POST("/v1/apiKeys/{api_key}:activate", pathOf(name))), {
    key: KEY,
  });
  const remove = useAct((name: string) => ok(api.DELETE("/v1/apiKeys/{api_key}", pathOf(name))), {
    key: KEY,
    done: words.deleted,
  });
  const error = test.error ?? activate.error;
  return (
    <>
      <Section
        title={words.title}
        text={words.text}
        action={
          <Button look="primary" icon={<Plus size={15} aria-hidden />} onClick={() => setAdding(true)}>
            {words.add}
          </Button>
        }
      >
        {error && (
          <div className="card-pad">
            <Failed error={error} />
          </div>
        )}
        <Query of={list} rows={3}>
          {({ api_keys }) =>
            api_keys.length ? (
              <Table
                keys={api_keys}
                testing={test.isPending ? test.variables : undefined}
                onTest={test.mutate}
                onActivate={activate.mutate}
                onDelete={setDeleting}
                onUses={setShown}
              />
            ) : (
              <NoKey onAdd={() => setAdding(true)} />
            )
          }
        </Query>
      </Section>
      {test.data && <TestedKey result={test.data} />}
      {adding && <AddKey onClose={() => setAdding(false)} onStored={(key) => test.mutate(key.name)} />}
      {shown && <KeyUses id={idOf(shown.name)} label={nameOf(shown)} onClose={() => setShown(null)} />}
      {deleting && (
        <Confirm
          title={words.deleteTitle(nameOf(deleting))}
          text={words.deleteText}
          button={words.deleteButton}
          act={remove}
          input={deleting.name}
          onClose={() => setDeleting(null)}
        />
      )}
    </>
  );
}

function NoKey({ onAdd }: { onAdd: () => void }) {
  const here = useQuery(q.installation).data;
  const { mutationFn } = useStandIn(words.standInLabel);
  const tryIt = useAct(mutationFn, { key: KEY, done: words.standInAdded });
  return (
    <>
      <Empty
        icon={<KeyRound size={20} aria-hidden />}
        title={words.emptyTitle}
        action={
          <>
            <Button onClick={onAdd}>{words.add}</Button>
            {here?.stand_in_provider && (
              <Button look="primary" busy={tryIt.isPending} onClick={() => tryIt.mutate()}>
                {words.standIn}
              </Button>
            )}
          </>
        }
      >
        {words.emptyText} {here?.stand_in_provider && words.standInText}
      </Empty>
      {tryIt.error && (
        <div className="card-pad">
          <Failed error={tryIt.error} />
        </div>
      )}
    </>
  );
}

type TableProps = {
  keys: ApiKey[];
  testing: string | undefined;
  onTest: (name: string) => void;
  onActivate: (name: string) => void;
  onDelete: (key: ApiKey) => void;
  onUses: (key: ApiKey) => void;
};

const Table = ({ keys, testing, onTest, onActivate, onDelete, onUses }: TableProps) => (
  <div className="table-wrap">
    <table className="table">
      <caption className="sr">{words.title}</caption>
      <thead>
        <tr>
          <th scope="col">{words.label}</th>
          <th scope="col">{words.key}</th>
          <th scope="col">{words.endpoint}</th>
          <th scope="col">{words.lastTest}</th>
          <th scope="col">{words.lastUsed}</th>
          <th>
            <span className="sr">{common.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.name}>
            <td className="main">
              {key.label || "–"} {key.active && <Badge kind="info">{words.active}</Badge>}
            </td>
            <td className="mono">…{key.hint}</td>
            <td className={`dim ${style.long}`}>{key.base_url || words.providers.openai}</td>
            <td className={style.nowrap}>
              <State of={key.last_test_result} />{" "}
              {key.last_tested_time && <span className="xs muted">{ago(key.last_tested_time)}</span>}
            </td>
            <td className="dim" title={when(key.last_used_time)}>
              {ago(key.last_used_time)}
            </td>
            <td className="right">
              <span className={style.acts}>
                <Button
                  look="quiet"
                  busy={testing === key.name}
                  icon={<FlaskConical size={15} aria-hidden />}
                  onClick={() => onTest(key.name)}
                >
                  {words.test}
                </Button>
                <Menu label={common.actionsFor(nameOf(key))} trigger={<Ellipsis size={16} aria-hidden />}>
                  {!key.active && (
                    <MenuItem icon={<Zap size={15} aria-hidden />} onClick={() => onActivate(key.name)}>
                      {words.activate}
                    </MenuItem>
                  )}
                  <MenuItem icon={<List size={15} aria-hidden />} onClick={() => onUses(key)}>
                    {words.uses}
                  </MenuItem>
                  <MenuSeparator />
                  <MenuItem danger icon={<Trash2 size={15} aria-hidden />} onClick={() => onDelete(key)}>
                    {words.delete}
                  </MenuItem>
                </Menu>
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);
