import { expect, it } from "vitest";
import { downloadLink, type Wanted } from "./download";

const PLAIN: Wanted = { which: "ALL", format: "CSV", extras: [], mark: false, raw: false };

it.each<[Partial<Wanted>, string]>([
  [{}, ""],
  [{ which: "ONLY_FAILED" }, "?rows=ONLY_FAILED"],
  [{ extras: ["raw", "flags"] }, "?columns=flags&columns=raw"],
  [{ format: "XLSX", mark: true, raw: true }, "?format=XLSX&raw=true"],
  [{ format: "JSONL", raw: true }, "?format=JSONL"],
  [{ mark: true }, "?byte_order_mark=true"],
])("%j is asked for as %j", (wanted, query) => {
  expect(downloadLink("jobs/x", { ...PLAIN, ...wanted })).toBe(`/v1/jobs/x/results:download${query}`);
});
