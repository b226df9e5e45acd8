import { describe, expect, it } from "vitest";
import {
  changed,
  type Draft,
  draftOf,
  FRESH,
  forTrial,
  missing,
  packed,
  same,
  unpacked,
  words,
} from "./draft";
import { outputColumns, schemaFault } from "./outputs";
import { pieces } from "./prompt";
import { marked, trialCost } from "./trial";

const DRAFT: Draft = { ...FRESH, display_name: "Hook", prompt: "Hi {{Name}}", output_column: "Hook" };

describe("a draft", () => {
  it("takes the fields of a template and nothing else", () => {
    const stored = { ...DRAFT, name: "templates/x", create_time: "2026-12-01T00:00:00Z", warnings: [] };
    expect(draftOf(stored)).toEqual(DRAFT);
  });

  it("names the fields that differ", () => {
    const next = { ...DRAFT, prompt: "Ho", forbidden_words: ["a"] };
    expect(changed(DRAFT, next)).toEqual(["prompt", "forbidden_words"]);
    expect(same(DRAFT, { ...DRAFT, forbidden_words: [] })).toBe(true);
  });

  it("says what is missing, and can be tried before it has a name", () => {
    expect(missing({ ...FRESH, category: " " })).toEqual(["name", "output", "category", "prompt"]);
    expect(missing(DRAFT)).toEqual([]);
    expect(missing(forTrial({ ...FRESH, prompt: "x" }))).toEqual([]);
  });

  it("is kept across a lost session, but not over a newer template", () => {
    const next = { ...DRAFT, prompt: "Unsaved" };
    const text = packed(next, DRAFT);
    expect(unpacked(text, DRAFT)).toEqual(next);
    expect(unpacked(text, { ...DRAFT, word_limit: 9 })).toBeUndefined();
    expect(unpacked(packed(DRAFT, DRAFT), DRAFT)).toBeUndefined();
    for (const rubbish of [null, "", "{", "[]", "null", '{"draft":1}'])
      expect(unpacked(rubbish, DRAFT)).toBeUndefined();
  });

  it("takes words apart at commas", () => {
    expect(words(" synergy,, win-win , synergy")).toEqual(["synergy", "win-win"]);
  });
});

describe("output columns", () => {
  it.each([
    ["", ["Fit"]],
    ['{"type":"object","properties":{"score":{},"why":{}}}', ["Fit.score", "Fit.why"]],
    ["{", ["Fit"]],
    ["null", ["Fit"]],
    ['{"properties":[]}', ["Fit"]],
  ])("of %j are %j", (schema, expected) => {
    expect(outputColumns("Fit", schema)).toEqual(expected);
  });

  it("tells what is wrong with a schema", () => {
    expect(schemaFault('{"type": "object"}')).toBe("");
    expect(schemaFault("{")).not.toBe("");
  });
});

describe("a preview", () => {
  const list = pieces("Hi {{Name}}, \\{{x}} {{Note}}", { columns: ["Name", "Note"] });

  it("marks what came out of the row", () => {
    const values: Record<string, string> = { Name: "Ada", Note: "" };
    expect(marked(list, (name) => values[name], "Hi Ada, {{x}} ")).toEqual([
      { text: "Hi " },
      { text: "Ada", of: "Name" },
      { text: ", " },
      { text: "{{" },
      { text: "x}} " },
      { text: "", of: "Note" },
    ]);
  });

  it("shows the server's text where it knows better", () => {
    expect(marked(list, () => "Eve", "Hi Ada, {{x}} ")).toEqual([{ text: "Hi Ada, {{x}} " }]);
  });
});

describe("the cost of a test", () => {
  const price = { input_price_usd: "0.15", output_price_usd: "0.6" };

  it("lies between short and longest answers", () => {
    const cost = trialCost("x".repeat(400), 3, 500, price);
    expect(cost?.low).toBeCloseTo((3 * (160 * 0.15 + 50 * 0.6)) / 1e6);
    expect(cost?.high).toBeCloseTo((3 * (160 * 0.15 + 500 * 0.6)) / 1e6);
  });

  it("is not told without a price", () => {
    expect(trialCost("x", 3, 500, undefined)).toBeUndefined();
    expect(trialCost("x", 3, 500, { input_price_usd: "", output_price_usd: "" })).toBeUndefined();
  });
});
