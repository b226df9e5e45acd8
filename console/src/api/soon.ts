/** What the API is about to tell; until it does, it is as good as empty. */
import type { Job, JobRow } from "./client";

type Counts = Readonly<Record<string, number>>;

/** Failed rows by reason. */
export const errorCounts = (job: Job): Counts => (job as Job & { error_counts?: Counts }).error_counts ?? {};

/** Rows by flag. */
export const flagCounts = (job: Job): Counts => (job as Job & { flag_counts?: Counts }).flag_counts ?? {};

/** Texts before a person edited them; undefined while the API keeps none, so that nothing can be edited. */
export const editedOutputs = (row: JobRow): Readonly<Record<string, string>> | undefined =>
  (row as JobRow & { edited_outputs?: Record<string, string> }).edited_outputs;
