import { afterEach, describe, expect, it } from "vitest";
import { takeToken } from "./hash";
import { brokenRules } from "./password";

afterEach(() => history.replaceState(null, "", "/"));

describe("the token of a mailed link", () => {
  it("is read once and is in no address afterwards", () => {
    history.replaceState(null, "", "/reset-password?x=1#token=abc");
    expect(takeToken()).toBe("abc");
    expect(location.href).not.toContain("abc");
    expect(location.search).toBe("?x=1");
    expect(takeToken()).toBe("");
  });
});

describe("rules of passwords", () => {
  it("count characters as people do", () => expect(brokenRules("🔥".repeat(12), "")).toEqual([]));
  it("find the name of the address in any case", () =>
    expect(brokenRules("Correct-ADA-staple", "ada@example.com")).toEqual(["own"]));
  it("are both broken by nothing", () => expect(brokenRules("", "ada@example.com")).toEqual(["long"]));
});
