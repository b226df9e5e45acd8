/** Calls of the API, typed by its own description. The browser adds the session, which no script can read. */
import createClient from "openapi-fetch";
import { ApiError } from "./errors";
import type { Printed } from "./printed";
import type { components, paths } from "./schema";

type Schema<Name extends keyof components["schemas"]> = Printed<components["schemas"][Name]>;
export type Schemas = { [Name in keyof components["schemas"]]: Schema<Name> };

export type AccessToken = Schema<"AccessToken">;
export type ApiKey = Schema<"ApiKey">;
export type AuditEvent = Schema<"AuditEvent">;
export type DataExport = Schema<"DataExport">;
export type DataFile = Schema<"File">;
export type FileProfile = Schema<"FileProfile">;
export type Job = Schema<"Job">;
export type JobRow = Schema<"JobRow">;
export type Problem = Schema<"Problem">;
export type Session = Schema<"Session">;
export type Template = Schema<"Template">;
export type Usage = Schema<"Usage">;
export type User = Schema<"User">;
export type Variable = Schema<"Variable">;
export type Webhook = Schema<"Webhook">;
export type WebhookDelivery = Schema<"WebhookDelivery">;

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });

let whenEnded: () => void = () => {};

/** What happens when the server no longer knows the session. */
export function onSessionEnded(then: () => void): void {
  whenEnded = then;
}

export const sessionEnded = (): void => whenEnded();

/** Signing in is the one call that answers 401 to somebody who has no session to lose. */
const signsIn = (request: Request) =>
  request.method === "POST" && new URL(request.url).pathname === "/v1/sessions";

api.use({
  async onResponse({ response, request }) {
    if (response.ok) return undefined;
    if (response.status === 401 && !signsIn(request)) sessionEnded();
    throw await ApiError.from(response);
  },
  onError({ error }) {
    if (error instanceof ApiError) return error;
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return ApiError.offline();
  },
});

/** The answer's body; a refusal was thrown before as an ApiError. */
export async function ok<T>(call: Promise<{ data?: T }>): Promise<Printed<T>> {
  return (await call).data as Printed<T>;
}

/** The last part of a resource's name: `x` of `files/x`. */
export const idOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
