/** What a user agent says, in words a person knows. Their order matters: most call themselves by older names too. */

const BROWSERS: readonly [string, RegExp][] = [
  ["Edge", /Edg\//],
  ["Opera", /OPR\//],
  ["Firefox", /Firefox\//],
  ["Chrome", /Chrome\//],
  ["Safari", /Safari\//],
];
const SYSTEMS: readonly [string, RegExp][] = [
  ["Windows", /Windows/],
  ["iOS", /iPhone|iPad/],
  ["macOS", /Mac OS/],
  ["Android", /Android/],
  ["Linux", /Linux/],
];

const first = (list: readonly [string, RegExp][], agent: string) =>
  list.find(([, pattern]) => pattern.test(agent))?.[0] ?? "";

export const browserOf = (agent: string): { browser: string; system: string } => ({
  browser: first(BROWSERS, agent),
  system: first(SYSTEMS, agent),
});
