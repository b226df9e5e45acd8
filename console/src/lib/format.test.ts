import { describe, expect, it } from "vitest";
import { ago, bytes, duration, money, plural } from "./format";

describe("amounts", () => {
  it("keep digits that say something under a cent", () => {
    expect(money("0.000123")).toBe("$0.00012");
    expect(money("0.5")).toBe("$0.50");
    expect(money("0")).toBe("$0.00");
  });
  it("never make a price of none", () => expect(money("")).toBe("no price"));
});

describe("counts", () => {
  it("take int64s as strings", () => expect(plural("5000", "row")).toBe("5,000 rows"));
  it("know one from many", () => expect(plural(1, "row")).toBe("1 row"));
});

describe("sizes and times", () => {
  it("choose a unit", () => {
    expect(bytes(1)).toBe("1 byte");
    expect(bytes("52428800")).toBe("50.0 MB");
  });
  it("say how long something takes", () => {
    expect(duration(59.6)).toBe("1 min 0 s");
    expect(duration(-3)).toBe("0 s");
    expect(duration(7260)).toBe("2 h 1 min");
  });
  it("say how long ago something was, up to a date", () => {
    const now = Date.parse("2026-03-31T12:00:00Z");
    expect(ago("2026-03-31T11:58:30Z", now)).toMatch(/1 min/);
    expect(ago("2026-03-31T11:59:59Z", now)).toBe("just now");
    expect(ago("2026-01-01T00:00:00Z", now)).toContain("2026");
    expect(ago(undefined, now)).toBe("never");
  });
});
