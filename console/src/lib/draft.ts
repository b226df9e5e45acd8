/** A template while it is written: what the form holds, what of it the server takes, and what is still missing. */

export interface Draft {
  display_name: string;
  category: string;
  prompt: string;
  output_column: string;
  model: string;
  temperature: number;
  max_tokens: number;
  max_completion_tokens: number;
  reasoning_effort: string;
  json_schema: string;
  character_limit: number;
  word_limit: number;
  forbidden_words: string[];
  reference_columns: string[];
  is_choice: boolean;
  auto_fix_off: boolean;
}
type Missing = "name" | "category" | "output" | "prompt";

export const FRESH: Draft = {
  display_name: "",
  category: "Cold Outreach",
  prompt: "",
  output_column: "",
  model: "gpt-4o-mini",
  temperature: 0.7,
  max_tokens: 500,
  max_completion_tokens: 0,
  reasoning_effort: "",
  json_schema: "",
  character_limit: 0,
  word_limit: 0,
  forbidden_words: [],
  reference_columns: [],
  is_choice: false,
  auto_fix_off: false,
};
export const FIELDS = Object.keys(FRESH) as (keyof Draft)[];

/** The fields of a form out of anything that has them, such as a stored template. */
export function draftOf(template: Partial<Draft>): Draft {
  const known = Object.fromEntries(
    FIELDS.filter((field) => template[field] !== undefined).map((field) => [field, template[field]]),
  );
  return { ...FRESH, ...known };
}

export const same = (one: Draft, other: Draft): boolean =>
  FIELDS.every((field) => JSON.stringify(one[field]) === JSON.stringify(other[field]));

/** The fields that differ, for an update's mask. */
export const changed = (from: Draft, to: Draft): (keyof Draft)[] =>
  FIELDS.filter((field) => JSON.stringify(from[field]) !== JSON.stringify(to[field]));

export function missing(draft: Draft): Missing[] {
  const out: Missing[] = [];
  if (!draft.display_name.trim()) out.push("name");
  if (!draft.output_column.trim()) out.push("output");
  if (!draft.category.trim()) out.push("category");
  if (!draft.prompt.trim()) out.push("prompt");
  return out;
}

/** What a preview or a test of an unfinished template needs: names that nobody chose yet get a stand-in. */
export const forTrial = (draft: Draft): Draft => ({
  ...draft,
  display_name: draft.display_name.trim() || "Untitled",
  category: draft.category.trim() || "Untitled",
  output_column: draft.output_column.trim() || "Answer",
});

/** What is kept of a draft in the tab, with what it started from, so that an old one is not laid over a newer template. */
export const packed = (draft: Draft, start: Draft): string => JSON.stringify({ draft, start });

/** A kept draft; undefined when there is none, it says nothing new, or the template has changed since. */
export function unpacked(text: string | null, start: Draft): Draft | undefined {
  if (!text) return undefined;
  try {
    const kept = JSON.parse(text) as { draft: Partial<Draft>; start: Partial<Draft> };
    const draft = draftOf(kept.draft);
    return same(draftOf(kept.start), start) && !same(draft, start) ? draft : undefined;
  } catch {
    return undefined;
  }
}

export const words = (text: string): string[] => [
  ...new Set(
    text
      .split(",")
      .map((word) => word.trim())
      .filter(Boolean),
  ),
];
