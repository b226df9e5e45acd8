/**
 * Cuts a prompt into text and variables exactly as the server does (services/processor/templates/prompt.py), so that
 * the painted layer shows what a job would make of it. The server has the last word; nothing here refuses anything.
 */

/** What a variable means: `hole` while no file is chosen, so that nobody can know. */
export type Meaning = "column" | "earlier" | "custom" | "mock" | "hole" | "unknown" | "ambiguous";
export type Piece =
  | { kind: "text" | "escape"; text: string }
  | { kind: "broken"; text: string; fault: "open" | "empty" }
  | { kind: "variable"; text: string; name: string; meaning: Meaning };

/** What names can mean. Without `columns` no file is known. */
export interface Names {
  columns?: readonly string[] | undefined;
  custom?: readonly string[];
  /** Output columns of the templates that run before this one. */
  earlier?: readonly string[];
  /** Names with a value for tests. */
  mocks?: readonly string[];
}

const INVISIBLE =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: ranges of single code points, as the server has them
  /\p{Cf}|\u034f|[\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b-\u180f\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu;
// Python counts four separators and the next line as white space too.
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are meant
const SPACE = /[\s\x1c-\x1f\x85]+/u;

/** What a name is compared by: composed letters, white space folded, nothing that cannot be seen. */
export function columnKey(name: string): string {
  return name.replace(INVISIBLE, "").normalize("NFC").split(SPACE).filter(Boolean).join(" ");
}

// Both ways, because "ß" and "SS" are the same in any case.
const folded = (key: string) => key.toUpperCase().toLowerCase();

/** Whether a column can be named in a prompt: `$` means a custom variable, and `}}` ends a name. */
export const canBeNamed = (name: string) =>
  columnKey(name) !== "" && !columnKey(name).startsWith("$") && !name.includes("}}");

export const placeholder = (name: string) => `{{${columnKey(name)}}}`;

function found(name: string, among: readonly string[]): number {
  const key = columnKey(name);
  const exact = among.filter((other) => columnKey(other) === key).length;
  return exact || among.filter((other) => folded(columnKey(other)) === folded(key)).length;
}

export function meaningOf(name: string, names: Names): Meaning {
  if (name.startsWith("$")) {
    const wanted = name.slice(1).trim().toLowerCase();
    return (names.custom ?? []).some((other) => other.trim().toLowerCase() === wanted) ? "custom" : "unknown";
  }
  if (!names.columns) return found(name, names.earlier ?? []) ? "earlier" : "hole";
  const count = found(name, [...names.columns, ...(names.earlier ?? [])]);
  if (count > 1) return "ambiguous";
  if (count === 1) return found(name, names.columns) ? "column" : "earlier";
  return (names.mocks ?? []).includes(name) ? "mock" : "unknown";
}

/** The prompt in pieces; put together again they are the prompt, letter by letter. */
export function pieces(prompt: string, names: Names): Piece[] {
  const out: Piece[] = [];
  const meanings = new Map<string, Meaning>();
  let at = 0;
  let from = 0;
  const text = (end: number) => {
    if (end > from) out.push({ kind: "text", text: prompt.slice(from, end) });
  };
  for (;;) {
    const start = prompt.indexOf("{{", at);
    if (start < 0) break;
    if (start > at && prompt[start - 1] === "\\") {
      text(start - 1);
      out.push({ kind: "escape", text: "\\{{" });
      at = from = start + 2;
      continue;
    }
    text(start);
    const end = prompt.indexOf("}}", start + 2);
    if (end < 0) {
      out.push({ kind: "broken", text: prompt.slice(start), fault: "open" });
      return out;
    }
    const whole = prompt.slice(start, end + 2);
    const name = whole.slice(2, -2).trim();
    const meaning = meanings.get(name) ?? meaningOf(name, names);
    // Braces that were forgotten reach up to the next variable's. The server refuses them as one long unknown name;
    // here they end where somebody would have closed them.
    const ends = whole.slice(2).search(/\n|\{\{/) + 2;
    if (ends > 1 && (meaning === "unknown" || meaning === "hole")) {
      out.push({ kind: "broken", text: whole.slice(0, ends), fault: "open" });
      at = from = start + ends;
      continue;
    }
    if (name) {
      meanings.set(name, meaning);
      out.push({ kind: "variable", text: whole, name, meaning });
    } else out.push({ kind: "broken", text: whole, fault: "empty" });
    at = from = end + 2;
  }
  text(prompt.length);
  return out;
}

/** The different names with one of these meanings, in the order of the prompt. */
export function namesIn(list: readonly Piece[], ...meanings: Meaning[]): string[] {
  const names = list.flatMap((piece) =>
    piece.kind === "variable" && (meanings.length === 0 || meanings.includes(piece.meaning))
      ? [piece.name]
      : [],
  );
  return [...new Set(names)];
}

export interface OpenHole {
  /** Where its braces begin. */
  start: number;
  /** What was typed after them. */
  typed: string;
}

/** The variable in which the caret stands while it is being typed; none if its braces are closed before the caret. */
export function openHole(prompt: string, caret: number): OpenHole | undefined {
  const start = prompt.lastIndexOf("{{", caret - 1);
  if (start < 0 || start + 2 > caret) return undefined;
  const typed = prompt.slice(start + 2, caret);
  if (typed.length > 60 || /[{}\n]/.test(typed)) return undefined;
  return start > 0 && prompt[start - 1] === "\\" ? undefined : { start, typed: typed.trimStart() };
}

/** Puts a name in place of what was typed, and the caret behind it. What already closes the variable stays. */
export function completed(
  prompt: string,
  caret: number,
  hole: OpenHole,
  name: string,
): { prompt: string; caret: number } {
  const rest = prompt.slice(caret).replace(/^[^{}\n]{0,60}\}\}/, "");
  const before = prompt.slice(0, hole.start) + placeholder(name);
  return { prompt: before + rest, caret: before.length };
}

/** Names that fit what was typed, those that begin with it first. */
export function suggestions(typed: string, names: readonly string[], most = 8): string[] {
  const wanted = folded(columnKey(typed));
  const starts = names.filter((name) => folded(columnKey(name)).startsWith(wanted));
  const holds = names.filter((name) => !starts.includes(name) && folded(columnKey(name)).includes(wanted));
  return [...starts, ...holds].slice(0, most);
}
