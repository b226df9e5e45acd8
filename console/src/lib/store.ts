/**
 * All that the console keeps in the browser. Nothing here opens anything: the session is in a cookie that no
 * script can read. Storage that is full, blocked or forbidden is as good as empty.
 */

const PREFIX = "smelt.";

export type Theme = "light" | "dark" | "system";

function read(storage: () => Storage, name: string): string | null {
  try {
    return storage().getItem(PREFIX + name);
  } catch {
    return null;
  }
}

function write(storage: () => Storage, name: string, value: string | null): void {
  try {
    if (value === null) storage().removeItem(PREFIX + name);
    else storage().setItem(PREFIX + name, value);
  } catch {
    // A full or forbidden storage loses a convenience, not data.
  }
}

const lasting = () => localStorage;
const ofThisTab = () => sessionStorage;

/** A value that outlives the tab, such as a column's width; `null` forgets it. */
export const recall = (name: string): string | null => read(lasting, name);
export const remember = (name: string, value: string | null): void => write(lasting, name, value);

/** A value of this tab alone, such as an unsaved draft, which outlives a new sign-in in it. */
export const recallInTab = (name: string): string | null => read(ofThisTab, name);
export const rememberInTab = (name: string, value: string | null): void => write(ofThisTab, name, value);

export function theme(): Theme {
  const chosen = recall("theme");
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

export function setTheme(chosen: Theme): void {
  remember("theme", chosen === "system" ? null : chosen);
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
}

/** Whether single keys are shortcuts; some people's tools type letters for them (WCAG 2.1.4). */
export const singleKeys = (): boolean => recall("single-keys") !== "off";
export const setSingleKeys = (on: boolean): void => remember("single-keys", on ? null : "off");

/** Tells the server that this browser was here before, so that no mail warns of it; it opens nothing. */
export const deviceToken = (): string => recall("device") ?? "";
export const rememberDevice = (token: string): void => {
  if (token) remember("device", token);
};
