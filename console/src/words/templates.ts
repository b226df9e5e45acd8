import { n, plural } from "@/lib/format";

/** What the pages of templates, the library and the editor say. */
export const templates = {
  title: "Templates",
  intro: "A prompt with variables for your columns, and the new column that its answers fill.",
  library: "Library",
  libraryIntro: "Written to start from. Take a copy, change what you like, and use it in a job.",
  create: "New template",
  caption: "Templates, newest first",
  category: "Category",
  all: "All",
  columns: {
    name: "Name",
    variables: "Uses",
    output: "New column",
    model: "Model",
    changed: "Changed",
    actions: "Actions",
  },
  actionsFor: (name: string) => `Actions for ${name}`,
  use: "Use in a job",
  duplicate: "Duplicate",
  remove: "Delete",
  more: (count: number) => `${n(count)} more`,
  noColumns: "no column",
  loadMore: "Show more",
  empty: {
    title: "No templates yet",
    text: "Take one from the library and change it, or write your own: a sentence with {{First Name}} where a cell goes.",
    action: "Open the library",
  },
  removeAsk: {
    title: (name: string) => `Delete “${name}”?`,
    text: "It can no longer be used for new jobs. Jobs that ran or are running with it keep their own copy, and their results stay.",
    keep: "Keep it",
    yes: "Delete template",
  },
  copied: (name: string) => `“${name}” is in your templates`,
  duplicated: "Duplicated",
  removed: "Template deleted",
  take: "Use a copy",
  fills: (columns: readonly string[]) =>
    columns.length === 1
      ? `Fills the column “${columns[0]}”`
      : `Fills ${columns.length} columns: ${columns.join(", ")}`,
} as const;

export const editor = {
  fresh: "New template",
  untitled: "Untitled template",
  crumb: "New",
  name: "Name",
  namePlaceholder: "Opening line",
  output: "New column",
  outputHint: "Holds the answers",
  outputPlaceholder: "Opening Line",
  category: "Category",
  prompt: "Prompt",
  promptPlaceholder: "Write one opening line for {{First Name}}, who is {{Job Title}} at {{Company}}.",
  length: (count: number) => `${n(count)} of 50,000`,
  insert: "Insert a variable",
  insertOne: (name: string) => `Insert {{${name}}}`,
  chipsMore: (count: number) => `+ ${n(count)}: type {{`,
  noFile: "Choose a file on the right, and its columns appear here.",
  listLabel: "Columns and variables",
  kinds: { column: "column", custom: "variable", earlier: "earlier answer" },
  unknown: (names: readonly string[], file: string) =>
    names.length === 1
      ? `“${names[0]}” is neither a column of ${file} nor a variable of yours. Pick a column, or give it a value for trying under “Chain”.`
      : `Neither columns of ${file} nor variables of yours: ${names.map((name) => `“${name}”`).join(", ")}.`,
  ambiguous: (names: readonly string[]) =>
    `${names.map((name) => `“${name}”`).join(", ")}: several columns differ only in upper and lower case. Write it exactly as one of them.`,
  open: "A variable is not closed: it begins with {{ and needs }}.",
  blank: "There are braces without a name between them.",
  unsaved: "Not saved",
  restored: "Text that was not saved is back, from before this page was left.",
  discard: "Discard changes",
  save: "Save",
  saved: "Template saved",
  use: "Use in a job",
  required: {
    name: "Give the template a name.",
    output: "Name the new column.",
    prompt: "Write the prompt.",
    category: "Choose a category.",
  },
  leave: {
    title: "Leave without saving?",
    text: "The changes to this template are not saved. They are kept in this tab until you close it.",
    stay: "Stay here",
    go: "Leave",
  },
} as const;

export const settings = {
  title: "Model and limits",
  summary: (model: string, temperature: number, tokens: string) =>
    `${model} · temperature ${temperature} · ${tokens}`,
  tokens: (count: number) => (count ? `${n(count)} tokens` : "usual length"),
  model: "Model",
  modelHint: (price: string) => price || "No price is known for this model, so no cost can be told.",
  price: (input: string, output: string, date: string) =>
    `$${input} in, $${output} out per million tokens (${date})`,
  temperature: "Temperature",
  temperatureHint: "0 is steady, 1 is varied",
  maxTokens: "Longest answer",
  maxTokensHint: "Tokens. Empty means 500, or 5,000 for a model that thinks.",
  completion: "Answer and thinking together",
  completionHint: "Tokens. Sent in place of the longest answer.",
  effort: "Reasoning effort",
  efforts: { "": "As the provider sets it", minimal: "Minimal", low: "Low", medium: "Medium", high: "High" },
  effortHint: "How much a model thinks before it answers. Others ignore it.",
  characters: "Character limit",
  words: "Word limit",
  limitHint: "Told to the model. A longer answer is flagged, never cut.",
  forbidden: "Forbidden words",
  forbiddenHint: "Separated by commas. An answer with one of them is flagged.",
  reference: "Columns that count for confidence",
  referenceHint: "Separated by commas. Empty means the columns that the prompt uses.",
  schema: "JSON schema",
  schemaHint: "For several columns at once: each property of the object fills a column of its own.",
  schemaBad: (why: string) => `This is not JSON yet: ${why}`,
  choice: "The answer is one of a few words",
  choiceHint: "Such as yes or no. It is then not flagged as too short or generic.",
  fixOff: "Save answers exactly as the model gave them",
  fixOffHint: "Otherwise “Sure, here is…”, closing offers and quotation marks around the text are taken off.",
  outputs: (names: readonly string[]) => `Fills ${plural(names.length, "column")}: ${names.join(", ")}`,
} as const;

export const preview = {
  title: "Preview",
  file: "File",
  row: (number: number, of: number) => `Row ${n(number)} of ${n(of)}`,
  previous: "Previous row",
  next: "Next row",
  waiting: "The prompt as the model gets it appears here while you type. It costs nothing.",
  upload: {
    title: "No file yet",
    text: "With a file, you see here what the model gets for each row.",
    action: "Upload a file",
  },
  blocked: "The preview waits until every variable has a meaning.",
  empty: "∅",
  emptyTitle: (name: string) => `${name} is empty in this row`,
  earlier: (column: string) => `[answer in “${column}”]`,
  free: "The preview is free.",
} as const;

export const trial = {
  test: (rows: number) => `Test on ${plural(rows, "row")}`,
  again: (rows: number) => `Test ${plural(rows, "row")} again`,
  cost: (rows: number, low: string, high: string) =>
    `A test calls the model ${plural(rows, "time")} and counts ${plural(rows, "usage")}: about ${low} to ${high}.`,
  costUnknown: (rows: number) =>
    `A test calls the model ${plural(rows, "time")} and counts ${plural(rows, "usage")}. No price is known for the model.`,
  running: "The model is being asked. A test ends after 45 seconds at most.",
  title: "Test",
  tokens: (input: number, output: number) => `${n(input)} tokens in, ${n(output)} out`,
  row: (number: number) => `Row ${n(number)}`,
  step: (number: number, name: string) => `${n(number)}. ${name}`,
  thisOne: "this template",
  said: "The provider said:",
  notReached: "Not reached",
  mocked: (pairs: readonly (readonly [string, string])[]) =>
    `Made up for trying: ${pairs.map(([name, value]) => `${name} = “${value}”`).join(", ")}.`,
  noKey: "Add an API key first",
} as const;

export const chain = {
  title: "Chain",
  summary: (count: number, mocks: number) =>
    [count ? `after ${plural(count, "template")}` : "", mocks ? `${plural(mocks, "value")} for trying` : ""]
      .filter(Boolean)
      .join(", ") || "alone",
  text: "Templates that run before this one in a job. Their columns can be used in the prompt, and a test runs them first.",
  add: "Add an earlier template",
  none: "You have no other template yet.",
  up: (name: string) => `Move ${name} up`,
  down: (name: string) => `Move ${name} down`,
  remove: (name: string) => `Remove ${name}`,
  mocks: "Values for trying",
  mocksText:
    "For what neither the file nor an earlier template fills. They are used here alone, never in a job.",
} as const;
