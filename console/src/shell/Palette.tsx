/** Ctrl-K: go anywhere by typing. */
import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { q } from "@/api/queries";
import { shell as words } from "@/words/shell";
import { find, type Goal, pages } from "./goals";
import style from "./palette.module.css";

const MOST = 9;

export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const navigate = useNavigate();
  const jobs = useQuery(q.jobs).data?.jobs ?? [];
  const files = useQuery(q.files).data?.files ?? [];
  const templates = useQuery(q.templates).data?.templates ?? [];
  const found = find([...pages, ...ofData(files, templates, jobs)], text).slice(0, MOST);
  const go = (goal: Goal | undefined) => {
    if (!goal) return;
    onClose();
    void navigate({ to: goal.to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      setAt((before) => Math.max(0, Math.min(found.length - 1, before + move)));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      go(found[at]);
    }
  };
  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className={style.shade} />
        <Dialog.Popup className={style.palette}>
          <Dialog.Title className="sr">{words.goTo}</Dialog.Title>
          <input
            className={style.input}
            role="combobox"
            aria-label={words.goTo}
            aria-expanded
            aria-controls="places"
            aria-activedescendant={found[at] && `place-${at}`}
            placeholder={words.palettePlaceholder}
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
            }}
            onKeyDown={onKeyDown}
          />
          <div id="places" role="listbox" aria-label={words.places} className={style.list}>
            {found.map((goal, place) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are taken by the field above.
              <div
                key={goal.to + goal.label}
                id={`place-${place}`}
                role="option"
                tabIndex={-1}
                aria-selected={place === at}
                className={style.place}
                onMouseMove={() => setAt(place)}
                onClick={() => go(goal)}
              >
                <span className="clip" dir="auto">
                  {goal.label}
                </span>
                <span className={style.kind}>{words.kinds[goal.kind]}</span>
              </div>
            ))}
          </div>
          {!found.length && <p className={style.none}>{words.paletteEmpty}</p>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

type Named = { name: string; display_name: string };
type Run = { name: string; file_display_name: string; create_time?: string };

function ofData(files: Named[], templates: Named[], jobs: Run[]): Goal[] {
  return [
    ...templates.map(
      ({ name, display_name }): Goal => ({ kind: "template", label: display_name, to: `/${name}` }),
    ),
    ...files.map(({ name, display_name }): Goal => ({ kind: "file", label: display_name, to: `/${name}` })),
    ...jobs.map(({ name, file_display_name, create_time }): Goal => {
      const date = create_time?.slice(0, 16).replace("T", " ") ?? "";
      return { kind: "job", label: `${file_display_name || name.slice(5, 13)}, ${date}`, to: `/${name}` };
    }),
  ];
}
