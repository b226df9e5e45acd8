/** Which of the server's rules for passwords can be told while typing; the server has the last word. */

export const LEAST_CHARACTERS = 12;

export type Rule = "long" | "own";

export function brokenRules(password: string, email: string): Rule[] {
  const broken: Rule[] = [];
  // Characters as people count them, not as JavaScript stores them.
  if ([...password].length < LEAST_CHARACTERS) broken.push("long");
  const name = email.split("@")[0]?.trim().toLowerCase() ?? "";
  if (name.length >= 3 && password.toLowerCase().includes(name)) broken.push("own");
  return broken;
}
