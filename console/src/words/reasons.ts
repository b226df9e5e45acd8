/** What a refusal means to a person, and what to do about it; the server's own message where nothing is here. */
import { ApiError } from "@/api/errors";

type Say = (error: ApiError) => string;

const REASONS: Readonly<Record<string, Say>> = {
  OFFLINE: () => "The server cannot be reached. Check your connection; what you see is from before.",
};

export const reasonOf = (error: unknown): string =>
  error instanceof ApiError ? error.reason : "PAGE_BROKEN";

/** One or two sentences that end with a full stop. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "Something in this page does not work. Reload it and try again.";
  const say = REASONS[error.reason];
  if (say) return say(error);
  return /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
}
