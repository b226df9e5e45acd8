/**
 * What a refusal means to a person, and what to do next. Reasons of rows and jobs are in jobs.ts; those that only
 * services and operators meet have none, and their message is the server's.
 */
import { ApiError } from "@/api/errors";

type Say = string | ((facts: Readonly<Record<string, string>>, error: ApiError) => string);

const minutes = (seconds: number) => Math.max(1, Math.ceil(seconds / 60));
const wait = ({ retryAfter }: ApiError) =>
  retryAfter > 90
    ? `Try again in ${minutes(retryAfter)} min.`
    : `Try again in ${retryAfter || "a few"} seconds.`;
const gone = (what: string) =>
  `This ${what} is no longer here: it was deleted, or belongs to another account.`;
const full = (what: string) => `You have as many ${what} as an account may have. Delete one first.`;
const onlyOnce =
  "This link no longer works: it was used, it is too old, or there is a newer one. Ask for a new one.";
const notNow = "Part of Smelt does not answer now. Nothing was lost; try again in a moment.";
const damaged = (what: string) =>
  `${what} is damaged in the store. Tell the person who runs this installation.`;
const passing = (_: unknown, error: ApiError) => `Too much at once. ${wait(error)}`;

export const REASONS: Readonly<Record<string, Say>> = {
  OFFLINE: "The server cannot be reached. Check your connection and try again.",
  UPLOAD_BROKEN: "The connection broke while the file was sent. Nothing was stored.",

  UNAUTHENTICATED: "E-mail or password is wrong, or the session has ended.",
  LOGIN_RATE_LIMITED: (_, error) => `Too many attempts. ${wait(error)} Or reset your password by mail.`,
  MAIL_RATE_LIMITED: (_, error) => `Enough mails were sent for now. Look among the spam. ${wait(error)}`,
  REGISTER_RATE_LIMITED: (_, error) => `Too many accounts were made from your network. ${wait(error)}`,
  SIGN_UP_CLOSED: "This installation takes no new accounts. Ask the person who runs it.",
  EMAIL_INVALID: "This is no e-mail address. It looks like name@example.com.",
  EMAIL_TAKEN: "This address has an account already. Sign in, or reset its password.",
  PASSWORD_COMMON: "Many people use this password. Three or four random words are better.",
  PASSWORD_CONTAINS_EMAIL: "The password contains the name of your e-mail address. Leave it out.",
  PASSWORD_TOO_LONG: "The password has more than 256 characters.",
  PASSWORD_TOO_SHORT: "The password needs at least 12 characters.",
  PASSWORD_WEAK: "This password is easy to guess. Three or four random words are better.",
  PASSWORD_WRONG: "The password is wrong. Nothing was changed.",
  RESET_TOKEN_INVALID: onlyOnce,
  SIGN_IN_LINK_INVALID: onlyOnce,
  VERIFICATION_TOKEN_INVALID: onlyOnce,
  SCOPE_MISSING: "A token may not do this. Sign in with your password.",
  FORBIDDEN: "This is not allowed here.",

  FILE_TOO_LARGE: "The file is larger than this installation takes. Leave out columns, or split it.",
  FILE_TOO_MANY_COLUMNS: "The file has more columns than this installation takes. Leave some out.",
  FILE_TOO_MANY_ROWS: "The file has more rows than this installation takes. Split it.",
  FILE_NO_DATA_ROWS: "The file has no rows below its header.",
  FILE_NO_COLUMNS: "The first row has no names of columns. Write one above each column.",
  FILE_ENCODING: ({ offset }) =>
    `The file is not text in a known encoding${offset ? ` (byte ${offset})` : ""}. Choose its encoding, or save it as UTF-8.`,
  FILE_INVALID_FORMAT: "This is no table that can be read. Save it as CSV or Excel.",
  FILE_MALFORMED: ({ line, problem, row }, { message }) =>
    `${line ? `Line ${line}` : row ? `Row ${row}` : "The file"} breaks the rules of CSV: ${(problem ?? message).replaceAll("_", " ")}. Nothing was stored.`,
  FILE_PASSWORD_PROTECTED: "The workbook has a password. Save it without one.",
  FILE_FORMULAS_NOT_CALCULATED: ({ cell }) =>
    `The sheet has formulas without values${cell ? `, the first in ${cell}` : ""}. Open it in Excel, save it, and send it again.`,
  FILE_SHEET_NOT_FOUND: "The workbook has no such sheet.",
  FILE_WORKBOOK_INVALID: "The workbook is damaged. Open it in Excel and save it anew.",
  FILE_WORKBOOK_TOO_LARGE: "The workbook is too large when unpacked. Save the sheet as CSV.",
  FILE_WORKBOOK_UNSUPPORTED: "This kind of spreadsheet cannot be read. Save it as .xlsx or CSV.",
  FILE_NOT_FOUND: gone("file"),
  FILE_NOT_PROFILED: "This file was read by an earlier version. Read it again.",
  FILE_LIMIT: full("files"),
  FILE_LOST: "The store no longer has the file's bytes. Upload it again.",
  FILE_DAMAGED: damaged("The file"),
  PARSE_LIMIT: "The file was read in as many ways as it may be. Upload it again.",
  UPLOAD_IN_CRUMBS: "Your network sends the file in very small pieces. Try another network.",
  UPLOAD_TOO_SLOW: "The file came too slowly, so it was let go. Nothing was stored; send it again.",
  UPLOAD_LIMIT: (_, error) => `Other files of yours are being read. ${wait(error)}`,
  RANGE_NOT_SATISFIABLE: "The download ended before that place. Begin it again.",

  TEMPLATE_INVALID: (_, { message, fields }) => fields[0]?.description ?? message,
  TEMPLATE_NOT_FOUND: gone("template"),
  TEMPLATE_LIMIT: full("templates"),
  UNKNOWN_VARIABLE: ({ variable }) =>
    `No column or variable is called “${variable ?? "?"}”. Correct the prompt, or add the variable.`,
  AMBIGUOUS_VARIABLE: ({ variable }) =>
    `Several columns are called “${variable ?? "?"}”, but for capitals. Write it exactly as the column.`,
  OUTPUT_COLUMN_CLASH: ({ column }) =>
    `There is a column “${column ?? "?"}” already. Give the new one another name.`,
  PROMPT_TOO_LARGE: "A prompt with its values is larger than 1 MiB. Shorten it.",
  VARIABLE_EXISTS: "There is a variable of this name already. Change that one.",
  VARIABLE_INVALID: (_, { message, fields }) => fields[0]?.description ?? message,
  VARIABLE_NOT_FOUND: gone("variable"),
  VARIABLE_LIMIT: full("variables"),

  NO_API_KEY: "No API key is active. Add one, or make one active, under Settings.",
  NO_TEMPLATES: "Choose at least one template.",
  INVALID_ROW_RANGE: "The rows must lie within the file, and the first must not come after the last.",
  USAGE_LIMIT: ({ used, limit, requested }) =>
    limit
      ? `This needs ${requested ?? "more"} of your plan; ${used ?? "?"} of ${limit} are used this month. Choose fewer rows.`
      : "This needs more than your plan has left for this month. Choose fewer rows.",
  PRICE_UNKNOWN: "A budget needs models with a known price. Leave the budget out, or choose another model.",
  ECONOMY_NOT_POSSIBLE: "In economy mode each row is sent by itself. Switch off one of the two.",
  NOT_AN_ECONOMY_JOB: "This job is not in economy mode.",
  BATCHES_OPEN: "Batches are still being cancelled at the provider. Try again in a minute.",
  JOB_NOT_FOUND: gone("job"),
  JOB_FINISHED: "The job has ended already. Its results are kept.",
  JOB_NOT_COMPLETED: "Rows can be sent again once the job has completed.",
  JOB_NOT_ENDED: "The job still runs. Cancel it first.",
  JOB_NOT_PAUSED: "The job is not paused.",
  JOB_LIMIT: "You have as many open jobs as an account may have. Wait for one to end, or cancel one.",
  STORED_JOB_LIMIT: full("jobs"),
  JOB_DAMAGED: damaged("The job"),
  NO_FAILED_ROWS: "No row has failed.",
  ROW_CHANGED: "The row changed at the same time. Look at it again.",
  ROW_NOT_SUCCEEDED: "This row has no answer to put back.",
  FILTER_INVALID: "This filter is not understood. Choose one of the buttons.",
  RESULT_LIMIT: "Too many result files were made. Try again in an hour.",
  RESULT_NOT_FOUND: gone("result"),
  RESULT_TOO_LARGE: "This format cannot hold so much. Download it as CSV.",

  API_KEY_FORMAT: "This does not look like a key of this provider. Copy it again, without spaces.",
  API_KEY_NOT_FOUND: gone("key"),
  API_KEY_DELETED: "The API key was deleted. Choose another one.",
  API_KEY_LIMIT: full("API keys"),
  API_KEY_DAMAGED: "The stored key does not open. Delete it and add it again.",
  BASE_URL_NOT_ALLOWED: "This address cannot be a provider's: it must be public and use https.",
  WEBHOOK_INVALID: (_, { message, fields }) => fields[0]?.description ?? message,
  WEBHOOK_URL_NOT_ALLOWED: "A webhook's address must be public and use https.",
  WEBHOOK_NOT_FOUND: gone("webhook"),
  WEBHOOK_LIMIT: full("webhooks"),
  WEBHOOK_DISABLED: "The webhook is switched off. Switch it on first.",
  WEBHOOK_UNCONFIRMED: "This webhook is from before your address was proved. Confirm that it is yours.",
  WEBHOOK_SECRET_INVALID: "Its signing secret does not open. Make a new one.",
  WEBHOOK_DELIVERY_NOT_FOUND: gone("message"),
  WEBHOOK_DELIVERY_PENDING: "The message waits to be sent already.",
  WEBHOOK_DELIVERY_LIMIT: "Too many messages wait for this webhook. Try again later.",
  ACCESS_TOKEN_EXPIRY: "A token must end within 366 days.",
  ACCESS_TOKEN_NOT_FOUND: gone("token"),
  ACCESS_TOKEN_LIMIT: full("access tokens"),
  SESSION_NOT_FOUND: "This session has ended already.",
  DATA_EXPORT_LIMIT: "Enough exports were made today. Try again tomorrow.",
  DATA_EXPORT_NOT_FOUND: "This export is gone: archives are kept for 24 hours. Make a new one.",

  IDEMPOTENCY_KEY_REUSED: "This was begun already with other choices. Look among the jobs, then begin anew.",
  IDEMPOTENCY_KEY_LIMIT: "Too much was begun within a day. Try again tomorrow.",
  TOO_MANY_REQUESTS: passing,
  CALL_LIMIT: passing,
  STREAM_LIMIT: "Too many pages follow jobs at once. Close some of them.",
  REQUEST_TIMEOUT: "The request took too long to arrive. Try again.",
  REQUEST_TOO_COSTLY: "This took longer than it ever should, so it was ended. Try it with less.",
  BODY_TOO_LARGE: "This is more than can be sent at once. Shorten it.",
  INVALID_REQUEST: (_, { message, fields }) =>
    fields.length
      ? fields.map(({ field, description }) => `${field.replaceAll("_", " ")} ${description}`).join("; ")
      : message,
  PAGE_TOKEN_INVALID: "The list has changed. Reload the page.",
  ROUTE_NOT_FOUND: "There is nothing at this address.",
  DEADLINE_EXCEEDED: "This took too long. Try again.",
  UNAVAILABLE: notNow,
  AUDIT_UNAVAILABLE: "The audit log cannot be written now, so nothing was done. Try again in a moment.",
  LEDGER_UNAVAILABLE: "Nothing was erased, for that cannot be recorded now. Try again in a moment.",
  VAULT_SEALED: "The vault is closed. The person who runs this installation must open it.",
  VAULT_NOT_READY: notNow,
  AUTH_NOT_READY: notNow,
  ACCOUNT_ERASED: "The account was erased.",
  INTERNAL:
    "Something failed on the server. Nothing was lost; try again, and tell its maintainer if it stays.",
};

export const reasonOf = (error: unknown): string =>
  error instanceof ApiError ? error.reason : "PAGE_BROKEN";

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`);

/** One or two sentences that end with a full stop. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something in this page does not work. Reload it and try again.";
  const say = REASONS[error.reason];
  if (say === undefined) return sentence(error.message);
  return sentence(typeof say === "string" ? say : say(error.metadata, error));
}
