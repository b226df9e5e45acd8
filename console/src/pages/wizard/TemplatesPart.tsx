import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { useState } from "react";
import { idOf } from "@/api/client";
import { q } from "@/api/queries";
import { outputColumns } from "@/lib/outputs";
import { type Choice, moved } from "@/lib/wizard";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { wizard } from "@/words/jobs";
import { Part } from "./Part";
import styles from "./wizard.module.css";

const words = wizard.templates;
const MOST = 20;

/** Which templates, in which order. Everything goes with buttons; nothing has to be dragged. */
export function TemplatesPart({
  choice,
  change,
}: {
  choice: Choice;
  change: (part: Partial<Choice>) => void;
}) {
  const templates = useQuery(q.templates);
  const [said, setSaid] = useState("");
  const all = templates.data?.templates ?? [];
  const open = all.filter((each) => !choice.templates.includes(idOf(each.name)));
  const find = (id: string) => all.find((each) => idOf(each.name) === id);
  const move = (id: string, by: number) => {
    const next = moved(choice.templates, choice.templates.indexOf(id), by);
    change({ templates: next });
    setSaid(words.moved(find(id)?.display_name ?? "", next.indexOf(id) + 1));
  };
  return (
    <Part number={2} done={choice.templates.length > 0} title={words.title}>
      {templates.error ? (
        <Failed error={templates.error} retry={() => void templates.refetch()} />
      ) : !templates.data ? (
        <Skeleton rows={2} height={30} label={common.loading} />
      ) : (
        <>
          {all.length > 0 && choice.templates.length !== 1 && <p className="sm ink2">{words.text}</p>}
          {choice.templates.length > 0 && (
            <ol className={styles.order}>
              {choice.templates.map((id, at) => {
                const template = find(id);
                const name = template?.display_name ?? words.gone;
                return (
                  <li key={id}>
                    <span className="num muted">{at + 1}</span>
                    <span className={styles.what}>
                      <Link to="/templates/$id" params={{ id }} className={styles.link}>
                        <bdi>{name}</bdi>
                      </Link>
                      {template && (
                        <span className="xs muted clip">
                          {words.fills}{" "}
                          <bdi>{outputColumns(template.output_column, template.json_schema).join(", ")}</bdi>{" "}
                          · {template.model}
                        </span>
                      )}
                    </span>
                    <Button
                      look="quiet"
                      icon={<ArrowUp size={15} aria-hidden />}
                      aria-label={words.up(name)}
                      disabled={at === 0}
                      onClick={() => move(id, -1)}
                    />
                    <Button
                      look="quiet"
                      icon={<ArrowDown size={15} aria-hidden />}
                      aria-label={words.down(name)}
                      disabled={at === choice.templates.length - 1}
                      onClick={() => move(id, 1)}
                    />
                    <Button
                      look="quiet"
                      icon={<X size={15} aria-hidden />}
                      aria-label={words.remove(name)}
                      onClick={() => change({ templates: choice.templates.filter((other) => other !== id) })}
                    />
                  </li>
                );
              })}
            </ol>
          )}
          <p className="sr" role="status">
            {said}
          </p>
          {all.length === 0 ? (
            <div className="row">
              <span className="sm ink2">{words.empty}</span>
              <Link to="/library" className={buttonClass("plain")}>
                {words.library}
              </Link>
              <Link to="/templates/$id" params={{ id: "new" }} className={buttonClass("plain")}>
                {words.write}
              </Link>
            </div>
          ) : (
            open.length > 0 &&
            choice.templates.length < MOST && (
              <div>
                <Menu
                  className={buttonClass("plain")}
                  trigger={
                    <>
                      <Plus size={15} aria-hidden />
                      {words.add}
                    </>
                  }
                >
                  {open.map((template) => (
                    <MenuItem
                      key={template.name}
                      onClick={() => change({ templates: [...choice.templates, idOf(template.name)] })}
                    >
                      <bdi>{template.display_name}</bdi>
                      <span className="xs muted">{template.category}</span>
                    </MenuItem>
                  ))}
                </Menu>
              </div>
            )
          )}
        </>
      )}
    </Part>
  );
}
