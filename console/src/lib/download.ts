export type Which = "ALL" | "ONLY_SUCCEEDED" | "ONLY_FAILED";
export type Format = "CSV" | "XLSX" | "JSONL";
export interface Wanted {
  which: Which;
  format: Format;
  extras: readonly string[];
  /** Begin with a byte order mark; CSV alone. */
  mark: boolean;
  /** Leave formulas as the model wrote them. */
  raw: boolean;
}

/** The address of a job's results. What is not asked for is left out, so that the server's defaults hold. */
export function downloadLink(job: string, wanted: Wanted): string {
  const query = new URLSearchParams();
  if (wanted.which !== "ALL") query.set("rows", wanted.which);
  if (wanted.format !== "CSV") query.set("format", wanted.format);
  for (const column of ["confidence", "flags", "error", "raw"])
    if (wanted.extras.includes(column)) query.append("columns", column);
  if (wanted.mark && wanted.format === "CSV") query.set("byte_order_mark", "true");
  if (wanted.raw && wanted.format !== "JSONL") query.set("raw", "true");
  return `/v1/${job}/results:download${query.size ? `?${query}` : ""}`;
}
