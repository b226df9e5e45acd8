/** The secret of a mailed link. It stands behind the `#`, which browsers send to no server. */

/** Returns the token once and takes it out of the address, so that it stays in no history and on no screen. */
export function takeToken(): string {
  const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (token) history.replaceState(history.state, "", location.pathname + location.search);
  return token;
}
