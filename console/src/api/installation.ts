/** What this installation allows; the gateway answers it to everybody, so that no page has to guess. */
import { ApiError } from "./errors";

export type Installation = {
  version: string;
  /** `first`: closed once there is an account, which is found out by trying. */
  sign_up: "open" | "first" | "closed";
  verify_email: boolean;
  plan: string;
  managed_key: boolean;
  stand_in_provider: { base_url: string } | null;
  limits: {
    max_upload_bytes: number;
    max_rows: number;
    max_columns: number;
    file_retention_days: number;
    session_days: number;
    session_idle_days: number;
  };
};

export async function installation(): Promise<Installation> {
  const answer = await fetch("/v1/installation").catch(() => {
    throw ApiError.offline();
  });
  if (!answer.ok) throw await ApiError.from(answer);
  return (await answer.json()) as Installation;
}
