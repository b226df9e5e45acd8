import { useQuery } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, idOf, ok, type Variable } from "@/api/client";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input, TextArea } from "@/ui/Field";
import { common } from "@/words/common";
import { account, variables as words } from "@/words/settings";
import { Confirm } from "./Confirm";
import { Section } from "./Section";
import style from "./settings.module.css";
import { useAct } from "./useAct";

const KEY = q.variables.queryKey;
const pathOf = (variable: Variable) => ({ params: { path: { variable: idOf(variable.name) } } });

export default function Variables() {
  const list = useQuery(q.variables);
  const [editing, setEditing] = useState<Variable | null>(null);
  const [deleting, setDeleting] = useState<Variable | null>(null);
  const remove = useAct(
    (variable: Variable) => ok(api.DELETE("/v1/variables/{variable}", pathOf(variable))),
    {
      key: KEY,
    },
  );
  return (
    <Section title={words.title} text={words.text}>
      <Query of={list} rows={3}>
        {({ variables }) =>
          variables.length ? (
            <div className="table-wrap">
              <table className="table">
                <caption className="sr">{words.title}</caption>
                <thead>
                  <tr>
                    <th scope="col">{words.name}</th>
                    <th scope="col">{words.value}</th>
                    <th>
                      <span className="sr">{common.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {variables.map((variable) => (
                    <tr key={variable.name}>
                      <td className="mono">{`{{$${variable.display_name}}}`}</td>
                      <td className={style.long} dir="auto">
                        {variable.value}
                      </td>
                      <td className="right">
                        <span className={style.acts}>
                          <Button
                            look="quiet"
                            icon={<Pencil size={15} aria-hidden />}
                            aria-label={words.edit(variable.display_name)}
                            onClick={() => setEditing(variable)}
                          />
                          <Button
                            look="quiet"
                            icon={<Trash2 size={15} aria-hidden />}
                            aria-label={words.delete(variable.display_name)}
                            onClick={() => setDeleting(variable)}
                          />
                        </span>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p className="card-pad sm muted">{words.empty}</p>
          )
        }
      </Query>
      <Add />
      {editing && <Edit variable={editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <Confirm
          title={words.deleteTitle(deleting.display_name)}
          text={words.deleteText}
          button={words.deleteButton}
          act={remove}
          input={deleting}
          onClose={() => setDeleting(null)}
        />
      )}
    </Section>
  );
}

function Add() {
  const [name, setName] = useState("");
  const [value, setValue] = useState("");
  const add = useAct(() => ok(api.POST("/v1/variables", { body: { display_name: name, value } as never })), {
    key: KEY,
    done: words.added(name),
    onDone: () => {
      setName("");
      setValue("");
    },
  });
  return (
    <>
      <form
        className={style.line}
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
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
        <Field label={words.value}>
          {(ids) => (
            <Input
              {...ids}
              placeholder={words.valuePlaceholder}
              value={value}
              onChange={(event) => setValue(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" busy={add.isPending}>
          {words.add}
        </Button>
      </form>
      {add.error && (
        <div className="card-pad">
          <Failed error={add.error} />
        </div>
      )}
    </>
  );
}

function Edit({ variable, onClose }: { variable: Variable; onClose: () => void }) {
  const [value, setValue] = useState(variable.value);
  const save = useAct(
    () =>
      ok(
        api.PATCH("/v1/variables/{variable}", {
          ...pathOf(variable),
          body: { display_name: variable.display_name, value } as never,
        }),
      ),
    { key: KEY, done: account.saved, onDone: onClose },
  );
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.editTitle(variable.display_name)}
      foot={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" busy={save.isPending} onClick={() => save.mutate()}>
            {common.save}
          </Button>
        </>
      }
    >
      <p className="sm muted">{words.editText}</p>
      <Field label={words.value}>
        {(ids) => (
          <TextArea {...ids} rows={4} value={value} onChange={(event) => setValue(event.target.value)} />
        )}
      </Field>
      {save.error && <Failed error={save.error} />}
    </Dialog>
  );
}
