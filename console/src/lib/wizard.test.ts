import { describe, expect, it } from "vitest";
import { budgetOf, type Choice, estimateBody, fresh, jobBody, missingOf, moved, rangeOf } from "./wizard";

const ready = (more: Partial<Choice> = {}): Choice => ({ ...fresh("f1", ["t1", "t2"]), ...more });

describe("rows", () => {
  it("are the first twenty unless the file has fewer", () => {
    expect(rangeOf(ready(), 5000)).toEqual({ first: 1, last: 20 });
    expect(rangeOf(ready(), 7)).toEqual({ first: 1, last: 7 });
  });

  it.each([
    ["2", "5", { first: 2, last: 5 }],
    ["2", "", { first: 2, last: 100 }],
    [" 2 ", "100", { first: 2, last: 100 }],
    ["5", "2", "order"],
    ["0", "2", "range"],
    ["1.5", "2", "range"],
    ["-1", "2", "range"],
    ["", "", "range"],
    ["1", "101", "beyond"],
    ["101", "", "beyond"],
    ["1e3", "", "range"],
  ])("from %j to %j of 100 are %j", (from, to, expected) => {
    expect(rangeOf(ready({ rows: "range", from, to }), 100)).toEqual(expected);
  });
});

describe("the budget", () => {
  it.each([
    ["", ""],
    ["25", "25"],
    ["$ 2.50", "2.50"],
    ["2,50", "2.50"],
    ["0", "0"],
    ["1,000", "budget"],
    ["a lot", "budget"],
    ["-1", "budget"],
    ["1e3", "budget"],
  ])("%j is sent as %j", (text, expected) => {
    expect(budgetOf(text)).toBe(expected);
  });
});

describe("the request", () => {
  it("is none while something is missing", () => {
    expect(estimateBody(fresh(), 100)).toBeUndefined();
    expect(estimateBody(fresh("f1"), 100)).toBeUndefined();
    expect(estimateBody(ready(), 0)).toBeUndefined();
    expect(jobBody(ready({ budget: "?" }), 100)).toBeUndefined();
  });

  it("says what was chosen and leaves out what was not", () => {
    expect(jobBody(ready(), 5000)).toEqual({
      file: "files/f1",
      templates: ["templates/t1", "templates/t2"],
      first_row: 1,
      last_row: 20,
      send_blank_rows: false,
    });
    const body = jobBody(
      ready({ rows: "all", name: " Autumn ", budget: "2,5", key: "apiKeys/k", once: true }),
      5000,
    );
    expect(body).toMatchObject({
      last_row: 5000,
      display_name: "Autumn",
      max_cost_usd: "2.5",
      api_key: "apiKeys/k",
      identical_prompts_once: true,
    });
  });

  it("never asks for economy and identical prompts at once", () => {
    const body = jobBody(ready({ economy: true, once: true }), 50);
    expect(body).toMatchObject({ economy: true });
    expect(body).not.toHaveProperty("identical_prompts_once");
  });
});

describe("the page", () => {
  it("says the first thing that is missing", () => {
    expect(missingOf(fresh(), 0)).toBe("file");
    expect(missingOf(fresh("f1"), 100)).toBe("templates");
    expect(missingOf(ready({ rows: "range", from: "x" }), 100)).toBe("range");
    expect(missingOf(ready({ budget: "much" }), 100)).toBe("budget");
    expect(missingOf(ready(), 100)).toBeUndefined();
  });

  it("moves templates without losing one", () => {
    expect(moved(["a", "b", "c"], 0, 1)).toEqual(["b", "a", "c"]);
    expect(moved(["a", "b", "c"], 2, 1)).toEqual(["a", "b", "c"]);
    expect(moved(["a", "b", "c"], 0, -1)).toEqual(["a", "b", "c"]);
  });
});
