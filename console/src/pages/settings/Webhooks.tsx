import { useQuery } from "@tanstack/react-query";
import { BellRing, Ellipsis, KeyRound, List, Plus, Power, ShieldCheck, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, idOf, ok, type Webhook } from "@/api/client";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Empty } from "@/ui/Empty";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { common } from "@/words/common";
import { webhooks as words } from "@/words/settings";
import { AddWebhook } from "./AddWebhook";
import { Confirm } from "./Confirm";
import { Deliveries } from "./Deliveries";
import { Once } from "./Once";
import { Section } from "./Section";
import style from "./settings.module.css";
import { useAct } from "./useAct";

const KEY = q.webhooks.queryKey;
const pathOf = (webhook: Webhook) => ({ params: { path: { webhook: idOf(webhook.name) } } });
const nameOf = (webhook: Webhook) => webhook.display_name || webhook.url;
type Asking = { what: "delete" | "rotate"; webhook: Webhook } | null;

export default function Webhooks() {
  const list = useQuery(q.webhooks);
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState<Asking>(null);
  const [shown, setShown] = useState<Webhook | null>(null);
  const [secret, setSecret] = useState("");
  const test = useAct(
    (of: Webhook) => ok(api.POST("/v1/webhooks/{webhook}:test", { ...pathOf(of), body: {} })),
    {
      key: KEY,
      done: words.tested,
      onDone: (_, webhook) => setShown(webhook),
    },
  );
  const turn = useAct(
    (of: Webhook) =>
      ok(
        api.PATCH("/v1/webhooks/{webhook}", {
          params: { path: { webhook: idOf(of.name) }, query: { update_mask: "enabled" } },
          body: { enabled: !of.enabled } as never,
        }),
      ),
    { key: KEY },
  );
  const confirm = useAct(
    (of: Webhook) => ok(api.POST("/v1/webhooks/{webhook}:confirm", { ...pathOf(of), body: {} })),
    { key: KEY },
  );
  const rotate = useAct(
    (of: Webhook) => ok(api.POST("/v1/webhooks/{webhook}:rotateSecret", { ...pathOf(of), body: {} })),
    { key: KEY, onDone: (made) => setSecret(made.signing_secret) },
  );
  const remove = useAct((of: Webhook) => ok(api.DELETE("/v1/webhooks/{webhook}", pathOf(of))), {
    key: KEY,
    done: words.deleted,
    onDone: () => setShown(null),
  });
  const error = test.error ?? turn.error ?? confirm.error;
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
          {({ webhooks }) =>
            webhooks.length ? (
              <div className="table-wrap">
                <table className="table">
                  <caption className="sr">{words.title}</caption>
                  <thead>
                    <tr>
                      <th scope="col">{words.address}</th>
                      <th scope="col">{words.events}</th>
                      <th scope="col">{words.state}</th>
                      <th>
                        <span className="sr">{common.actions}</span>
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {webhooks.map((webhook) => (
                      <tr key={webhook.name}>
                        <td className={`main ${style.long}`} title={webhook.url}>
                          {nameOf(webhook)}
                        </td>
                        <td className="dim">{eventsOf(webhook)}</td>
                        <td>
                          <Badge kind={webhook.enabled ? "good" : "warn"}>
                            {webhook.enabled ? words.on : words.off}
                          </Badge>{" "}
                          <span className="xs muted">{words.why[webhook.disabled_reason]}</span>
                        </td>
                        <td className="right">
                          <span className={style.acts}>
                            <Button
                              look="quiet"
                              busy={test.isPending && test.variables === webhook}
                              onClick={() => test.mutate(webhook)}
                            >
                              {words.test}
                            </Button>
                            <Menu
                              label={common.actionsFor(nameOf(webhook))}
                              trigger={<Ellipsis size={16} aria-hidden />}
                            >
                              <MenuItem
                                icon={<List size={15} aria-hidden />}
                                onClick={() => setShown(webhook)}
                              >
                                {words.deliveries}
                              </MenuItem>
                              {webhook.disabled_reason === "UNCONFIRMED" ? (
                                <MenuItem
                                  icon={<ShieldCheck size={15} aria-hidden />}
                                  onClick={() => confirm.mutate(webhook)}
                                >
                                  {words.confirm}
                                </MenuItem>
                              ) : (
                                <MenuItem
                                  icon={<Power size={15} aria-hidden />}
                                  onClick={() => turn.mutate(webhook)}
                                >
                                  {webhook.enabled ? words.switchOff : words.switchOn}
                                </MenuItem>
                              )}
                              <MenuItem
                                icon={<KeyRound size={15} aria-hidden />}
                                onClick={() => setAsking({ what: "rotate", webhook })}
                              >
                                {words.rotate}
                              </MenuItem>
                              <MenuSeparator />
                              <MenuItem
                                danger
                                icon={<Trash2 size={15} aria-hidden />}
                                onClick={() => setAsking({ what: "delete", webhook })}
                              >
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
            ) : (
              <Empty icon={<BellRing size={20} aria-hidden />} title={words.emptyTitle}>
                {words.emptyText}
              </Empty>
            )
          }
        </Query>
      </Section>
      {shown && <Deliveries id={idOf(shown.name)} name={nameOf(shown)} />}
      {adding && <AddWebhook onClose={() => setAdding(false)} onMade={setSecret} />}
      {asking?.what === "delete" && (
        <Confirm
          title={words.deleteTitle}
          text={words.deleteText}
          button={words.deleteButton}
          act={remove}
          input={asking.webhook}
          onClose={() => setAsking(null)}
        />
      )}
      {asking?.what === "rotate" && (
        <Confirm
          title={words.rotateTitle}
          text={words.rotateText}
          button={words.rotateButton}
          keep={common.cancel}
          act={rotate}
          input={asking.webhook}
          onClose={() => setAsking(null)}
        />
      )}
      {secret && (
        <Dialog
          open
          onClose={() => setSecret("")}
          title={words.secretTitle}
          foot={
            <Button look="primary" onClick={() => setSecret("")}>
              {common.done}
            </Button>
          }
        >
          <p className="sm muted">{words.secretText}</p>
          <Once label={words.secretTitle} value={secret} />
        </Dialog>
      )}
    </>
  );
}

const eventsOf = (webhook: Webhook) =>
  webhook.events
    .map((event) => words.eventNames[event as keyof typeof words.eventNames] ?? event)
    .join(", ") || words.everything;
