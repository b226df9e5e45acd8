/** What somebody has chosen for a new job, and what of it is still missing. No words, no page. */

export type RowChoice = "first" | "all" | "range";
export interface Choice {
  /** The file's id. */
  file: string;
  /** Ids of templates, in the order they run. */
  templates: readonly string[];
  rows: RowChoice;
  from: string;
  to: string;
  /** What the job is called; empty for its file's name. */
  name: string;
  /** US dollars; empty for none. */
  budget: string;
  /** `apiKeys/{id}`; empty for the active one. */
  key: string;
  once: boolean;
  economy: boolean;
  blanks: boolean;
}
export type Fault = "range" | "order" | "beyond" | "budget";

/** How many rows people look at before they pay for all. */
export const FIRST_ROWS = 20;
export type Missing = "file" | "templates" | "range" | "budget";

export const fresh = (file = "", templates: readonly string[] = []): Choice => ({
  file,
  templates,
  rows: "first",
  from: "1",
  to: "",
  name: "",
  budget: "",
  key: "",
  once: false,
  economy: false,
  blanks: false,
});

const wholeNumber = (text: string) => (/^\d{1,9}$/.test(text.trim()) ? Number(text.trim()) : undefined);

/** The first and last row, from 1, or what is wrong with them. `count` is how many the file has. */
export function rangeOf(choice: Choice, count: number): { first: number; last: number } | Fault {
  if (choice.rows === "all") return { first: 1, last: count };
  if (choice.rows === "first") return { first: 1, last: Math.min(FIRST_ROWS, count) };
  const first = wholeNumber(choice.from);
  const last = choice.to.trim() === "" ? count : wholeNumber(choice.to);
  if (!first || !last) return "range";
  if (first > last) return first > count ? "beyond" : "order";
  return last > count ? "beyond" : { first, last };
}

/** The budget as the server takes it; a comma counts as a point, because half of the world writes it so. */
export function budgetOf(text: string): string | Fault {
  const plain = text
    .trim()
    .replace(/^\$\s*/, "")
    .replace(/^(\d+),(\d{1,2})$/, "$1.$2");
  return plain === "" || /^\d{1,7}(\.\d{1,9})?$/.test(plain) ? plain : "budget";
}

/** The first thing without which the job cannot start; undefined when nothing is missing. */
export function missingOf(choice: Choice, count: number): Missing | undefined {
  if (!choice.file) return "file";
  if (!choice.templates.length) return "templates";
  if (typeof rangeOf(choice, count) !== "object") return "range";
  return budgetOf(choice.budget) === "budget" ? "budget" : undefined;
}

/** The body of an estimate; undefined while something is missing. */
export function estimateBody(choice: Choice, count: number) {
  const range = rangeOf(choice, count);
  if (!choice.file || !choice.templates.length || typeof range !== "object" || count < 1) return undefined;
  return {
    file: `files/${choice.file}`,
    templates: choice.templates.map((id) => `templates/${id}`),
    first_row: range.first,
    last_row: range.last,
    send_blank_rows: choice.blanks,
  };
}

/** The body of the job itself. */
export function jobBody(choice: Choice, count: number) {
  const body = estimateBody(choice, count);
  const budget = budgetOf(choice.budget);
  if (!body || budget === "budget") return undefined;
  return {
    ...body,
    ...(choice.name.trim() ? { display_name: choice.name.trim() } : {}),
    ...(budget ? { max_cost_usd: budget } : {}),
    ...(choice.key ? { api_key: choice.key } : {}),
    // Both together are refused: an economy job sends each row's prompt.
    ...(choice.economy ? { economy: true } : choice.once ? { identical_prompts_once: true } : {}),
  };
}

/** A list with one of its items moved by some places. */
export function moved<T>(list: readonly T[], at: number, by: number): T[] {
  const next = [...list];
  const [item] = next.splice(at, 1);
  if (item !== undefined) next.splice(Math.max(0, Math.min(list.length - 1, at + by)), 0, item);
  return next;
}
