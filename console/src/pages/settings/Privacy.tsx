import { useMutation, useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { bytes, when } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { State } from "@/parts/State";
import { Button, buttonClass } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { privacy as words } from "@/words/settings";
import { Section } from "./Section";
import style from "./settings.module.css";
import { useAct } from "./useAct";

const LOOK_MS = 3000;
const isOpen = (state: string) => state === "PENDING" || state === "RUNNING";

export default function Privacy() {
  return (
    <div className={style.narrow}>
      <Exports />
      <Leave />
    </div>
  );
}

function Exports() {
  const list = useQuery({
    ...q.exports,
    refetchInterval: ({ state }) => state.data?.data_exports.some((one) => isOpen(one.state)) && LOOK_MS,
  });
  const make = useAct(() => ok(api.POST("/v1/dataExports", { body: {} })), { key: q.exports.queryKey });
  const open = list.data?.data_exports.some((one) => isOpen(one.state));
  return (
    <Section
      title={words.exportTitle}
      text={words.exportText}
      action={
        <Button busy={make.isPending} disabled={open} onClick={() => make.mutate()}>
          {words.make}
        </Button>
      }
    >
      {make.error && (
        <div className="card-pad">
          <Failed error={make.error} />
        </div>
      )}
      <Query of={list} rows={2}>
        {({ data_exports }) =>
          data_exports.length ? (
            <div className="table-wrap">
              <table className="table">
                <caption className="sr">{words.exportTitle}</caption>
                <tbody>
                  {data_exports.map((one) => (
                    <tr key={one.name}>
                      <td>{when(one.create_time)}</td>
                      <td>
                        <State of={one.state} />
                      </td>
                      <td className="dim num">{Number(one.size_bytes) > 0 && bytes(one.size_bytes)}</td>
                      <td className="right">
                        {one.state === "COMPLETED" ? (
                          <a
                            className={buttonClass("plain")}
                            href={`/v1/${one.name}:download`}
                            title={words.until(when(one.expire_time))}
                            download
                          >
                            <Download size={15} aria-hidden />
                            {words.download}
                          </a>
                        ) : (
                          isOpen(one.state) && <span className="sm muted">{words.making}</span>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p className="card-pad sm muted">{words.none}</p>
          )
        }
      </Query>
    </Section>
  );
}

function Leave() {
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const [password, setPassword] = useState("");
  const leave = useMutation({
    mutationFn: () => ok(api.POST("/v1/users/me:delete", { body: { password } })),
    // A new page: nothing of the account stays in this one's memory.
    onSuccess: () => location.assign("/sign-in"),
    onError: () => setPassword(""),
  });
  const close = () => {
    setAsking(false);
    setTyped("");
    setPassword("");
  };
  return (
    <Section
      title={words.deleteTitle}
      text={words.deleteText}
      action={
        <Button look="danger" onClick={() => setAsking(true)}>
          {words.deleteButton}
        </Button>
      }
    >
      {asking && (
        <Dialog
          open
          onClose={close}
          title={words.dialogTitle}
          foot={
            <>
              <Button onClick={close}>{words.keep}</Button>
              <Button
                look="danger"
                type="submit"
                form="leave"
                disabled={typed !== words.phrase || !password}
                busy={leave.isPending}
              >
                {words.forGood}
              </Button>
            </>
          }
        >
          <form
            id="leave"
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              leave.mutate();
            }}
          >
            <p className="ink2">{words.dialogText}</p>
            <Field
              label={
                <>
                  {words.type} <code>{words.phrase}</code>
                </>
              }
            >
              {(ids) => (
                <Input
                  {...ids}
                  autoComplete="off"
                  value={typed}
                  onChange={(event) => setTyped(event.target.value)}
                />
              )}
            </Field>
            <Field label={words.password}>
              {(ids) => (
                <Input
                  {...ids}
                  type="password"
                  autoComplete="current-password"
                  value={password}
                  onChange={(event) => setPassword(event.target.value)}
                />
              )}
            </Field>
            {leave.error && <Failed error={leave.error} />}
          </form>
        </Dialog>
      )}
    </Section>
  );
}
