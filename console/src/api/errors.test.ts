import { describe, expect, it } from "vitest";
import { sentenceOf } from "@/words/reasons";
import { ApiError, isPassing } from "./errors";
import { refusedFile } from "./refused";

const body = (reason: string, metadata = {}, more: object[] = []) =>
  JSON.stringify({
    message: "File is malformed",
    details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, metadata }, ...more],
  });

describe("a refusal", () => {
  it("is read with reason, request and the time to wait", () => {
    const headers = new Headers({ "x-request-id": "r1", "retry-after": "7" });
    const error = ApiError.read(429, body("TOO_MANY_REQUESTS"), headers);
    expect(error).toMatchObject({ status: 429, reason: "TOO_MANY_REQUESTS", requestId: "r1", retryAfter: 7 });
    expect(sentenceOf(error)).toContain("7 seconds");
  });
  it("that is a proxy's page keeps its status and shows no markup", () => {
    const error = ApiError.read(502, "<html><script>alert(1)</script>", new Headers());
    expect(error.status).toBe(502);
    expect(sentenceOf(error)).not.toContain("<");
    expect(isPassing(error)).toBe(true);
  });
  it("of a line names the line", () =>
    expect(
      sentenceOf(ApiError.read(400, body("FILE_MALFORMED", { line: "7", problem: "quote" }), new Headers())),
    ).toContain("Line 7"));
  it("that no words are there for says the server's, as a sentence", () =>
    expect(sentenceOf(ApiError.read(400, body("SOMETHING_NEW"), new Headers()))).toBe("File is malformed."));
  it("carries what the file could be read with", () => {
    const detail = { "@type": "x/smelt.files.v1.RefusedFile", name: "files/a", offers: [{ skip_rows: 3 }] };
    const error = ApiError.read(400, body("FILE_MALFORMED", {}, [detail]), new Headers());
    expect(refusedFile(error)).toMatchObject({ name: "files/a", offers: [{ skip_rows: 3, encoding: "" }] });
  });
});

it("an answer that never came passes; a refusal does not", () => {
  expect(isPassing(ApiError.offline())).toBe(true);
  expect(isPassing(new ApiError(401, "UNAUTHENTICATED", "no"))).toBe(false);
});
