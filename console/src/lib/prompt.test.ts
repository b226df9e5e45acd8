import { describe, expect, it } from "vitest";
import {
  canBeNamed,
  columnKey,
  completed,
  meaningOf,
  namesIn,
  openHole,
  pieces,
  suggestions,
} from "./prompt";

const COLUMNS = ["First Name", "Company", "company size", "Company Size", " Padded "];
const VALUES = ["Ada", "Acme", "small", "large", "p"];

/** Fills a prompt with values as the server does, from the pieces alone. */
function rendered(prompt: string, columns: string[], values: string[]): string {
  return pieces(prompt, { columns })
    .map((piece) => {
      if (piece.kind === "escape") return "{{";
      if (piece.kind !== "variable") return piece.text;
      const key = columnKey(piece.name);
      const exact = columns.findIndex((name) => columnKey(name) === key);
      const at =
        exact >= 0 ? exact : columns.findIndex((name) => columnKey(name).toLowerCase() === key.toLowerCase());
      return values[at] ?? "?";
    })
    .join("");
}

// The cases of tests/unit/processor/templates/test_template.py, in their order.
describe("the server's cases", () => {
  it.each([
    ["no variables", "no variables"],
    ["{{First Name}}", "Ada"],
    ["{{  First Name\t}}!", "Ada!"],
    ["{{first NAME}}", "Ada"],
    ["{{First Name}}{{Company}}", "AdaAcme"],
    ["{{Company Size}} {{company size}}", "large small"],
    ["{{Padded}}", "p"],
    ["\\{{First Name}}", "{{First Name}}"],
    ["\\{{{{First Name}}}}", "{{Ada}}"],
    ["}} { } {", "}} { } {"],
    ["back\\slash {{Company}}", "back\\slash Acme"],
    ["", ""],
  ])("replaces variables in %j", (prompt, expected) => {
    expect(rendered(prompt, COLUMNS, VALUES)).toBe(expected);
  });

  it.each([
    ["{{Name}}", "\ufeffName"],
    ["{{Name}}", "\ufeff\u200bName\u200d\u00ad"],
    ["{{Company Name}}", "Company\u00a0Name"],
    ["{{Company Name}}", "Company  Name"],
    ["{{Company Name}}", "Company \t\u2009Name "],
    ["{{company name}}", "\ufeffCompany\u00a0Name"],
    ["{{Größe}}", "Gro\u0308ße"],
    ["{{Gro\u0308ße}}", "Größe"],
    ["{{Company\u00a0Name}}", "Company Name"],
  ])("takes names that look the same for the same: %j and %j", (prompt, column) => {
    expect(namesIn(pieces(prompt, { columns: ["x", column] }), "column")).toHaveLength(1);
  });

  it.each([
    ["{{nAmE}}", ["Name", "NAME"]],
    ["{{Name}}", ["Name", "Name"]],
    ["{{name}}", ["name ", " name"]],
    ["{{Name}}", ["Name", "Name\u200b"]],
  ])("needs the exact spelling in %j", (prompt, columns) => {
    expect(namesIn(pieces(prompt, { columns }), "ambiguous")).toHaveLength(1);
  });

  it.each(["{{", "a {{b", "{{}}", "{{  }}", "{{a}} {{"])(
    "finds the variable without end or name in %j",
    (prompt) => {
      expect(pieces(prompt, { columns: ["a", "b"] }).some((piece) => piece.kind === "broken")).toBe(true);
    },
  );

  it.each(["{{$Sender}}", "{{ $sender }}", "{{$ SENDER}}"])("knows %j as a custom variable", (prompt) => {
    const list = pieces(prompt, { columns: ["Sender", "$Sender"], custom: ["Sender"] });
    expect(namesIn(list, "custom")).toHaveLength(1);
  });

  it("does not take a custom variable for a column", () => {
    expect(meaningOf("$Sender", { columns: ["$Sender"], custom: ["Other"] })).toBe("unknown");
    expect(meaningOf("Company Name", { columns: ["Town", "Company"] })).toBe("unknown");
  });
});

describe("pieces", () => {
  it.each(["a {{b}} \\{{c}} {{ {{}} {{d", "{{{{a}}}}", "\\\\{{a}}", "{{a\nb}}{{", "🔥{{Ö}}\u202e{{x}}"])(
    "put together again are %j",
    (prompt) => {
      const list = pieces(prompt, { columns: ["a"] });
      expect(list.map((piece) => piece.text).join("")).toBe(prompt);
    },
  );

  it("ends forgotten braces where somebody would have closed them", () => {
    const list = pieces("a {{co\nb {{Company}} {{x {{Company}}", { columns: ["Company"] });
    expect(list.map((piece) => piece.text)).toEqual([
      "a ",
      "{{co",
      "\nb ",
      "{{Company}}",
      " ",
      "{{x ",
      "{{Company}}",
    ]);
    expect(namesIn(list, "column")).toEqual(["Company"]);
    expect(namesIn(pieces("{{Two\nLines}}", { columns: ["Two\nLines"] }), "column")).toHaveLength(1);
  });

  it("cannot say what is a column before there is a file", () => {
    expect(namesIn(pieces("{{a}} {{$b}}", { custom: [] }), "hole")).toEqual(["a"]);
  });

  it("tells earlier answers and mock values from columns", () => {
    const list = pieces("{{A}} {{Hook}} {{Mood}} {{Else}}", {
      columns: ["A"],
      earlier: ["hook"],
      mocks: ["Mood"],
    });
    expect(list.flatMap((piece) => (piece.kind === "variable" ? [piece.meaning] : []))).toEqual([
      "column",
      "earlier",
      "mock",
      "unknown",
    ]);
  });

  it("cuts 50,000 characters of variables in good time", () => {
    const prompt = "{{First Name}} ".repeat(3300);
    expect(namesIn(pieces(prompt, { columns: COLUMNS }))).toEqual(["First Name"]);
  });

  it("names no column that the server could not find", () => {
    expect(["Name", "$Name", "a}}b", "\u200b"].map(canBeNamed)).toEqual([true, false, false, false]);
  });
});

describe("typing a variable", () => {
  it.each([
    ["Hi {{", 5, ""],
    ["Hi {{Fi", 7, "Fi"],
    ["Hi {{ Fi}}", 8, "Fi"],
  ])("knows the open variable in %j at %i", (prompt, caret, typed) => {
    expect(openHole(prompt, caret)?.typed).toBe(typed);
  });

  it.each([
    ["Hi {{a}} b", 10],
    ["Hi {", 4],
    ["Hi \\{{a", 7],
    ["{{a\nb", 5],
    ["", 0],
  ])("knows none in %j at %i", (prompt, caret) => {
    expect(openHole(prompt, caret)).toBeUndefined();
  });

  it("replaces what was typed, with what closes it", () => {
    const hole = openHole("Hi {{Fi}} there", 7);
    expect(hole && completed("Hi {{Fi}} there", 7, hole, "First Name")).toEqual({
      prompt: "Hi {{First Name}} there",
      caret: 17,
    });
    const open = openHole("Hi {{Fi, bye", 7);
    expect(open && completed("Hi {{Fi, bye", 7, open, "First Name").prompt).toBe("Hi {{First Name}}, bye");
  });

  it("shows names that begin with what was typed before those that hold it", () => {
    expect(suggestions("na", ["First Name", "Name", "Town"])).toEqual(["Name", "First Name"]);
  });
});
