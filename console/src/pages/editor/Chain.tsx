import { useQuery } from "@tanstack/react-query";
import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { idOf } from "@/api/client";
import { q } from "@/api/queries";
import { namesIn, type Piece } from "@/lib/prompt";
import { moved } from "@/lib/wizard";
import { Button, buttonClass } from "@/ui/Button";
import { Field, Input } from "@/ui/Field";
import { Menu, MenuItem } from "@/ui/Menu";
import { chain as words } from "@/words/templates";
import styles from "./editor.module.css";
import { Fold } from "./Fold";
import type { TrialSet } from "./useNames";

const MOST = 19;

/** What runs before this template when it is tried, and values for what nothing fills. */
export function Chain({ id, set, list }: { id: string | undefined; set: TrialSet; list: Piece[] }) {
  const templates = useQuery(q.templates);
  const all = templates.data?.templates ?? [];
  const open = all.filter((each) => idOf(each.name) !== id && !set.earlier.includes(idOf(each.name)));
  const nameOf = (each: string) => all.find((template) => idOf(template.name) === each)?.display_name ?? "";
  // A name that has a value stays in the list, so that its field does not vanish under the keys.
  const wanted = [
    ...new Set([
      ...namesIn(list, "unknown", "mock"),
      ...Object.keys(set.mocks).filter((name) => set.mocks[name]),
    ]),
  ].filter((name) => !name.startsWith("$"));
  const given = wanted.filter((name) => set.mocks[name]).length;
  return (
    <Fold
      title={words.title}
      summary={words.summary(set.earlier.length, given)}
      open={wanted.length > 0 || undefined}
    >
      <p className="sm ink2">{words.text}</p>
      {set.earlier.length > 0 && (
        <ol className={styles.order}>
          {set.earlier.map((each, place) => (
            <li key={each}>
              <span className="clip">
                {place + 1}. <bdi>{nameOf(each)}</bdi>
              </span>
              <Button
                look="quiet"
                icon={<ArrowUp size={15} aria-hidden />}
                aria-label={words.up(nameOf(each))}
                disabled={place === 0}
                onClick={() => set.setEarlier(moved(set.earlier, place, -1))}
              />
              <Button
                look="quiet"
                icon={<ArrowDown size={15} aria-hidden />}
                aria-label={words.down(nameOf(each))}
                disabled={place === set.earlier.length - 1}
                onClick={() => set.setEarlier(moved(set.earlier, place, 1))}
              />
              <Button
                look="quiet"
                icon={<X size={15} aria-hidden />}
                aria-label={words.remove(nameOf(each))}
                onClick={() => set.setEarlier(set.earlier.filter((other) => other !== each))}
              />
            </li>
          ))}
        </ol>
      )}
      {open.length > 0 && set.earlier.length < MOST ? (
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
                onClick={() => set.setEarlier([...set.earlier, idOf(template.name)])}
              >
                <bdi>{template.display_name}</bdi>
              </MenuItem>
            ))}
          </Menu>
        </div>
      ) : (
        !set.earlier.length && <p className="sm muted">{words.none}</p>
      )}
      {wanted.length > 0 && (
        <>
          <h3>{words.mocks}</h3>
          <p className="sm ink2">{words.mocksText}</p>
          <div className={styles.three}>
            {wanted.map((name) => (
              <Field key={name} label={<bdi>{name}</bdi>}>
                {(ids) => (
                  <Input
                    {...ids}
                    value={set.mocks[name] ?? ""}
                    maxLength={1000}
                    onChange={(event) => set.setMock(name, event.target.value)}
                  />
                )}
              </Field>
            ))}
          </div>
        </>
      )}
    </Fold>
  );
}
