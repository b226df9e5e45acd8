/** Where the palette can lead. */
import { settings } from "@/words/settings";
import { shell as words } from "@/words/shell";

export type Goal = { kind: keyof typeof words.kinds; label: string; to: string };

export const pages: readonly Goal[] = [
  { kind: "do", label: words.newJob, to: "/jobs/new" },
  { kind: "do", label: words.upload, to: "/files" },
  { kind: "do", label: words.newTemplate, to: "/templates/new" },
  { kind: "page", label: words.home, to: "/" },
  { kind: "page", label: words.files, to: "/files" },
  { kind: "page", label: words.templates, to: "/templates" },
  { kind: "page", label: words.library, to: "/library" },
  { kind: "page", label: words.jobs, to: "/jobs" },
  { kind: "page", label: words.usage, to: "/usage" },
  ...Object.entries(settings.tabs).map(
    ([tab, label]): Goal => ({ kind: "page", label: `${words.settings}: ${label}`, to: `/settings/${tab}` }),
  ),
];

/** Those whose label has all the words, in any order; those that begin with the text come first. */
export function find(goals: readonly Goal[], text: string): Goal[] {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = goals.filter(({ label }) => wanted.every((word) => label.toLowerCase().includes(word)));
  const starts = ({ label }: Goal) =>
    Number(wanted[0] !== undefined && label.toLowerCase().startsWith(wanted[0]));
  return has.sort((a, b) => starts(b) - starts(a));
}
