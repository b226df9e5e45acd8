import { type KeyboardEvent, useId, useRef, useState } from "react";
import type { Draft } from "@/lib/draft";
import {
  canBeNamed,
  completed,
  namesIn,
  type OpenHole,
  openHole,
  type Piece,
  placeholder,
  suggestions,
} from "@/lib/prompt";
import { editor as words } from "@/words/templates";
import styles from "./editor.module.css";
import { Faults } from "./Faults";
import type { TrialSet } from "./useNames";

const CHIPS = 14;

/** The text area is real; the layer behind it paints what each variable means, and a list completes names. */
export function Prompt({
  draft,
  change,
  list,
  set,
  lacking,
}: {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  list: Piece[];
  set: TrialSet;
  lacking: boolean;
}) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const paint = useRef<HTMLDivElement>(null);
  const [hole, setHole] = useState<OpenHole>();
  const [at, setAt] = useState(0);
  const columns = (set.names.columns ?? []).filter(canBeNamed);
  const earlier = set.names.earlier ?? [];
  const custom = (set.names.custom ?? []).map((name) => `$${name}`);
  const offered = [...columns, ...earlier, ...custom];
  const found = hole ? suggestions(hole.typed, offered) : [];
  const isOpen = found.length > 0;
  const put = (prompt: string, caret: number) => {
    change({ prompt });
    setHole(undefined);
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(caret, caret);
    });
  };
  const insert = (name: string) => {
    const { selectionStart: from = draft.prompt.length, selectionEnd: to = from } = area.current ?? {};
    const text = placeholder(name);
    put(draft.prompt.slice(0, from) + text + draft.prompt.slice(to), from + text.length);
  };
  const take = (name: string | undefined) => {
    if (!name || !hole) return;
    const next = completed(draft.prompt, area.current?.selectionStart ?? draft.prompt.length, hole, name);
    put(next.prompt, next.caret);
  };
  const look = (box: HTMLTextAreaElement) => {
    setHole(box.selectionStart === box.selectionEnd ? openHole(box.value, box.selectionStart) : undefined);
    setAt(0);
  };
  const keys = (event: KeyboardEvent) => {
    if (!isOpen) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) setAt((now) => (now + step + found.length) % found.length);
    else if (event.key === "Enter" || event.key === "Tab") take(found[at]);
    else if (event.key === "Escape") setHole(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const faulty =
    lacking ||
    namesIn(list, "unknown", "ambiguous").length > 0 ||
    list.some((piece) => piece.kind === "broken");
  return (
    <div className={styles.field}>
      <div className="row between">
        <label className={styles.label} htmlFor={id}>
          {words.prompt}
        </label>
        <span className="xs muted num">{words.length(draft.prompt.length)}</span>
      </div>
      {offered.length > 0 ? (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame around a line of buttons
        <div className={styles.chips} role="group" aria-label={words.insert}>
          {[...columns.slice(0, CHIPS), ...earlier, ...custom].map((name) => (
            <button
              type="button"
              key={name}
              title={words.insertOne(name)}
              className={
                name.startsWith("$")
                  ? styles.chipCustom
                  : earlier.includes(name)
                    ? styles.chipEarlier
                    : styles.chip
              }
              onClick={() => insert(name)}
            >
              <bdi>{name}</bdi>
            </button>
          ))}
          {columns.length > CHIPS && (
            <span className="xs muted">{words.chipsMore(columns.length - CHIPS)}</span>
          )}
        </div>
      ) : (
        <p className="xs muted">{words.noFile}</p>
      )}
      <div className={styles.prompt}>
        <div className={styles.paint} aria-hidden ref={paint}>
          {list.map((piece, place) => {
            if (piece.kind === "text" || piece.kind === "escape") return piece.text;
            const look = piece.kind === "variable" ? piece.meaning : "unknown";
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
              <mark key={place} className={styles[look]}>
                {piece.text}
              </mark>
            );
          })}
          {"\n"}
        </div>
        <textarea
          id={id}
          ref={area}
          rows={11}
          value={draft.prompt}
          maxLength={50_000}
          placeholder={words.promptPlaceholder}
          aria-invalid={faulty || undefined}
          aria-describedby={`${id}-faults`}
          aria-autocomplete="list"
          aria-controls={isOpen ? `${id}-list` : undefined}
          aria-activedescendant={isOpen ? `${id}-${at}` : undefined}
          onScroll={(event) => paint.current?.scrollTo({ top: event.currentTarget.scrollTop })}
          onChange={(event) => {
            change({ prompt: event.target.value });
            look(event.target);
          }}
          onClick={(event) => look(event.currentTarget)}
          onKeyDown={keys}
          onBlur={() => setHole(undefined)}
        />
        {isOpen && (
          <div id={`${id}-list`} role="listbox" aria-label={words.listLabel} className={styles.list}>
            {found.map((name, place) => (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the text area's, which keeps the focus
              <div
                key={name}
                id={`${id}-${place}`}
                role="option"
                aria-selected={place === at}
                tabIndex={-1}
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => take(name)}
              >
                <bdi>{name}</bdi>
                <span className="xs muted">
                  {name.startsWith("$")
                    ? words.kinds.custom
                    : earlier.includes(name)
                      ? words.kinds.earlier
                      : words.kinds.column}
                </span>
              </div>
            ))}
          </div>
        )}
      </div>
      <Faults
        id={`${id}-faults`}
        list={list}
        file={set.file.data?.display_name ?? ""}
        lacking={lacking}
        isTyping={isOpen}
      />
    </div>
  );
}
