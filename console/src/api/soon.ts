/** What the API is about to tell; until it does, it is as good as empty. */
import type { JobRow } from "./client";

/** Texts before a person edited them; undefined while the API keeps none, so that nothing can be edited. */
export const editedOutputs = (row: JobRow): Readonly<Record<string, string>> | undefined =>
  (row as JobRow & { edited_outputs?: Record<string, string> }).edited_outputs;
