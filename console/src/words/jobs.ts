import { duration, money, n, plural } from "@/lib/format";

const rows = (count: number) => plural(count, "row");

/** What the list of jobs says. */
export const jobs = {
  title: "Jobs",
  create: "New job",
  caption: "Jobs, newest first",
  state: "State",
  states: {
    "": "All",
    RUNNING: "Running",
    PAUSED: "Paused",
    COMPLETED: "Completed",
    FAILED: "Failed",
    CANCELLED: "Cancelled",
  },
  columns: {
    file: "File and templates",
    state: "State",
    progress: "Progress",
    rows: "Rows",
    failed: "Failed",
    cost: "Cost",
    started: "Started",
  },
  of: (done: number, total: number) => `${n(done)} of ${n(total)}`,
  onlyFile: (name: string) => `Only jobs of ${name}`,
  allFiles: "Show jobs of all files",
  deletedFile: "Deleted file",
  oldTemplates: (count: number) => plural(count, "template"),
  loadMore: "Show more",
  empty: {
    title: "No jobs yet",
    text: "A job runs templates over the rows of a file. Begin with 20 rows, look at the answers, and then run all of them.",
    action: "Run the first one",
  },
  none: {
    title: "No job is like that",
    text: "Choose another state, or look at all of them.",
    action: "Show all jobs",
  },
  progress: "Progress",
  progressText: (good: number, bad: number, total: number) =>
    `${n(good)} done, ${n(bad)} failed, of ${n(total)}`,
} as const;

/** What the page says on which a job is put together. */
export const wizard = {
  title: "New job",
  intro: "One new column for each template, on as many rows as you choose.",
  file: {
    title: "File",
    change: "Change",
    other: "Or upload another one",
    facts: (count: number, columns: number) => `${rows(count)}, ${plural(columns, "column")}`,
    empty: "Upload a file to begin. It costs nothing, and nothing is sent to a model yet.",
    loadMore: "Show more files",
    gone: "This file no longer exists. Choose another one.",
  },
  templates: {
    title: "Templates",
    text: "They run from top to bottom for each row, and each fills a new column. A later prompt can use the column of an earlier one.",
    add: "Add a template",
    fills: "fills",
    gone: "Deleted template",
    up: (name: string) => `Move ${name} up`,
    down: (name: string) => `Move ${name} down`,
    remove: (name: string) => `Remove ${name}`,
    moved: (name: string, place: number) => `${name} is now number ${n(place)}`,
    empty: "You have no templates yet.",
    library: "Take one from the library",
    write: "Write one",
    edit: "Edit the template",
  },
  rows: {
    title: "Rows",
    first: (count: number) => `The first ${n(count)} rows`,
    firstText: "Look at the answers before you pay for all of them.",
    all: "All rows",
    allText: (count: number) => (count ? rows(count) : "Every row of the file"),
    range: "A range",
    rangeText: "By the numbers of data rows, the last included.",
    from: "First row",
    to: "Last row",
    toHint: (count: number) => `Empty means ${n(count)}, the last one.`,
    faults: {
      range: "Use whole numbers from 1.",
      order: "The first row comes after the last.",
      beyond: "The file has fewer rows.",
    },
  },
  options: {
    title: "Budget and key",
    name: "Name of the job",
    nameHint: "Empty means that of its file.",
    budget: "Budget, US dollars",
    budgetHint: "The job pauses before the call that could exceed it. Empty means no budget.",
    budgetBad: "Write an amount such as 2.50.",
    budgetUnpriced: (models: string) => `No price is known for ${models}, so no budget can be kept.`,
    key: "API key",
    activeKey: "The active one",
    activeIs: (label: string, hint: string) => `${label} …${hint}`,
    unnamedKey: "Key",
    managedKey: "The installation's own key",
    noKey: "No API key is active.",
    addKey: "Add an API key",
    economy: "Economy",
    economyText: (low: string, high: string) =>
      `Sent in batches at half the price${low ? ` (${low} to ${high})` : ""}. Answers take up to a day, for each template in turn.`,
    once: "Send identical prompts once",
    onceText: "Rows that ask exactly the same share one answer, which is paid once.",
    onceNot: "Not with economy, which sends each row's prompt.",
    blanks: "Send blank rows too",
    blanksText: "Rows whose used columns are all empty are skipped otherwise, and cost nothing.",
  },
  check: {
    title: "This job",
    rows: "Rows",
    calls: "Calls",
    cost: "Cost, about",
    tokens: "Tokens",
    to: (high: string) => `to ${high}`,
    noPrice: "no price known",
    unpriced: (models: string) =>
      `No price is known for ${models}. The job can run; nobody can say what it will cost.`,
    prices: (date: string) =>
      `Low: short answers. High: answers as long as they may be. Prices of ${date}; calls that must be repeated come on top.`,
    blanks: (count: number, estimated: boolean) =>
      `${estimated ? "About " : ""}${rows(count)} blank in every used column: skipped, free.`,
    plan: (left: number, limit: number, after: number) =>
      after < 0
        ? `Your plan has ${n(left)} of ${n(limit)} usages left this month, ${n(-after)} too few.`
        : `Your plan has ${n(left)} of ${n(limit)} usages left this month; ${n(after)} after this job.`,
    noPlan: "Your plan has no limit of usages.",
    wait: "The estimate appears once a file, a template and rows are chosen. It is free.",
    missing: {
      file: "Choose a file first.",
      templates: "Add a template first.",
      range: "Correct the rows first.",
      budget: "Correct the budget first.",
      key: "Add an API key first.",
    },
    start: (count: number) => `Start ${rows(count)}`,
    startUnknown: "Start",
    once: "Starting twice by accident is not possible: this page starts one job.",
    reused: "This page has already started a job. Look at your jobs before you start another one.",
    seeJobs: "See your jobs",
  },
} as const;

/** Why a job waits, and the one thing that helps. `act` names what the page offers. */
export type Act = "resume" | "key" | "budget" | "usage" | "now" | "template" | "plain";
interface Pause {
  why: string;
  act: Act;
  button: string;
}
export const pauses: Readonly<Record<string, Pause>> = {
  USER: { why: "You paused it. Rows that were in flight have finished.", act: "resume", button: "Resume" },
  ACCOUNT_SECURED: {
    why: "Your password was reset or your address was proved after this job was started, so it waits until you say that it is yours.",
    act: "resume",
    button: "It is mine: resume",
  },
  BUDGET: { why: "The next call could exceed the budget.", act: "budget", button: "Raise the budget" },
  QUOTA: {
    why: "Your plan's usages for this month are used up. Next month you can resume it.",
    act: "usage",
    button: "See your usage",
  },
  API_KEY_DELETED: { why: "Its API key was deleted.", act: "key", button: "Go on with another key" },
  GRANT_EXPIRED: {
    why: "Its permission to run without you has ended: it lasts seven days. Resuming gives it a new one.",
    act: "resume",
    button: "Resume",
  },
  PROVIDER_AUTH: { why: "The provider rejected the API key.", act: "key", button: "Go on with another key" },
  PROVIDER_QUOTA: {
    why: "The key's credit at the provider is used up. Add credit there, then resume.",
    act: "resume",
    button: "Credit is added: resume",
  },
  PROVIDER_RATE_LIMIT: {
    why: "For minutes, the provider has refused every call because of its rate limit.",
    act: "resume",
    button: "Try again",
  },
  PROVIDER_REJECTED: {
    why: "The provider refused five rows in a row and answered none, so the cause is probably in the template. None of them counts or costs anything.",
    act: "template",
    button: "Correct the template",
  },
  PROVIDER_DOWN: {
    why: "The provider cannot be reached. The job goes on by itself when it answers within a day.",
    act: "now",
    button: "Try now",
  },
  SERVICE_DOWN: {
    why: "A part of this installation does not answer. The job goes on by itself when it does within a day.",
    act: "now",
    button: "Try now",
  },
  BATCH_REFUSED: {
    why: "The provider refused the batch as a whole.",
    act: "plain",
    button: "Go on without batches",
  },
};
export const pauseOther: Pause = { why: "It waits.", act: "resume", button: "Resume" };

/** Reasons of failed rows: a name short enough for a list, and what to do. */
export const rowReasons: Readonly<Record<string, { name: string; todo: string }>> = {
  ANSWER_CHECK_TOO_COSTLY: {
    name: "Answer too hard to check",
    todo: "Send them again, or ask for a shorter answer.",
  },
  BATCH_UNANSWERED: { name: "Not answered in a batch", todo: "Send them again." },
  CONTENT_FILTERED: {
    name: "Content filter",
    todo: "Look at what these rows say; sending them again rarely helps.",
  },
  FILE_DAMAGED: { name: "File damaged", todo: "Upload the file again." },
  OUTPUT_SCHEMA_MISMATCH: {
    name: "Does not fit the schema",
    todo: "Send them again, or make the template's JSON schema less strict.",
  },
  OUTPUT_TRUNCATED: {
    name: "Answer cut off",
    todo: "Raise the longest answer in the template, and run these rows in a new job.",
  },
  PROMPT_TOO_LARGE: { name: "Prompt too large", todo: "Shorten these rows' cells: a prompt can have 1 MiB." },
  PROVIDER_ANSWER_INVALID: { name: "Unusable answer", todo: "Send them again." },
  PROVIDER_AUTH: { name: "Key rejected", todo: "Send them again with another key." },
  PROVIDER_DOWN: { name: "Provider away", todo: "Send them again." },
  PROVIDER_QUOTA: { name: "No credit left", todo: "Add credit at the provider, then send them again." },
  PROVIDER_RATE_LIMITED: { name: "Rate limit", todo: "Send them again later." },
  PROVIDER_REJECTED: {
    name: "Rejected by the provider",
    todo: "Read what the provider said about one of them.",
  },
  PROVIDER_UNAVAILABLE: { name: "Provider did not answer", todo: "Send them again." },
  WORKER_FAILED: {
    name: "Stopped ten workers",
    todo: "Send them again; if it happens twice, tell the operator of this installation.",
  },
};

/** Flags of answers, the most serious first. */
export const flagNames: Readonly<Record<string, string>> = {
  forbidden_word: "forbidden word",
  has_placeholder: "placeholder left",
  has_ai_speak: "speaks as an AI",
  too_short: "too short",
  over_char_limit: "over character limit",
  over_word_limit: "over word limit",
  has_cliche: "cliché",
  generic: "generic",
  has_preamble: "preamble taken off",
  has_postamble: "closing taken off",
  has_quotes: "quotes taken off",
  has_thinking: "thinking taken off",
  unknown_finish: "ended unusually",
};
export const flagName = (flag: string): string => flagNames[flag] ?? flag.replaceAll("_", " ");

export const job = {
  crumb: "Jobs",
  deletedFile: "Deleted file",
  titleFor: (file: string, state: string) => `${file}: ${state}`,
  chain: (names: readonly string[]) => names.join(" → "),
  pause: "Pause",
  resume: "Resume",
  cancel: "Cancel",
  download: "Download",
  retry: (count: number) => `Send ${plural(count, "failed row")} again`,
  more: "More",
  again: "New job like this",
  copyName: "Copy the job's name",
  copied: "Copied",
  remove: "Delete",
  closing: "You can close this page: the job goes on without it.",
  facts: (calls: number, first: number, last: number) =>
    `Rows ${n(first)} to ${n(last)}, ${plural(calls, "call")} at a time.`,
  started: (time: string) => `Started ${time}.`,
  ended: (time: string) => `Ended ${time}.`,
  economy: (batches: number) =>
    batches ? `Economy: ${plural(batches, "batch", "batches")} at the provider.` : "Economy.",
  lost: "The connection to the server is lost. The job goes on there, and this page catches up by itself.",
} as const;

export const standing = {
  title: "Progress",
  done: "Done",
  rows: "Rows",
  of: (total: number) => `of ${n(total)}`,
  failed: "Failed",
  skipped: "Skipped",
  left: "Left, about",
  took: "Took",
  unknown: "not known yet",
  rate: "Rows a second",
  cost: "Cost so far",
  costEnd: "Cost",
  noPrice: "no price",
  budget: (amount: string) => `of ${money(amount)}`,
  estimated: "estimated",
  tokens: "Tokens in, out",
  updates: "Updates",
  links: {
    live: "live",
    connecting: "connecting",
    polling: "every 3 s",
    lost: "connection lost",
    closed: "ended",
  },
  spoken: (tenth: number) => `${tenth} percent done`,
  spokenEnd: (state: string, good: number, bad: number) =>
    `The job is ${state}: ${n(good)} rows done, ${n(bad)} failed.`,
} as const;

export const waiting = {
  paused: "Paused.",
  failed: "The job could not go on.",
  said: "The provider said:",
  resumeTitle: { key: "Go on with another key", budget: "Raise the budget" },
  keyText: "Rows that have their result are never sent again. The rest goes on with this key:",
  key: "API key",
  addKey: "Add an API key",
  noOther: "You have no other key yet.",
  budgetText: (spent: string, budget: string) =>
    `${spent} of ${budget} is spent. Rows that have their result are never sent again.`,
  budget: "New budget, US dollars",
  budgetHint: "For the whole job, what is spent included.",
  budgetLow: "More than before, or the job pauses again at once.",
  resume: "Resume",
  keep: "Not now",
} as const;

export const reasons = {
  title: "Why rows failed",
  count: (count: number) => rows(count),
  show: (name: string) => `Show failed rows: ${name}`,
  other: "Other",
} as const;

export const course = {
  title: "Course",
  rate: "Rows a second",
  cost: "Cost, US dollars",
  good: "Done",
  bad: "Failed",
  since: (seconds: number) => `the last ${duration(seconds)}, as this page saw it`,
  describe: (peak: string, bad: number) =>
    `Rows a second over time: at most ${peak}${bad ? `, with ${rows(bad)} failed` : ""}. The same as a table follows.`,
  describeCost: (end: string) => `Cost over time, up to ${end}.`,
  table: "As a table",
  time: "Until",
  wait: "The picture begins with the second update.",
} as const;

export const grid = {
  label: "Rows of the job",
  show: "Show",
  chips: {
    "": "All",
    "state = SUCCEEDED": "Done",
    "state = FAILED": "Failed",
    "state = SKIPPED": "Skipped",
    "state = PENDING": "Waiting",
  },
  flags: "Flags",
  anyFlag: "Any flag",
  flagOption: (name: string, count: number | undefined) =>
    count === undefined ? name : `${name} (${n(count)})`,
  number: "#",
  state: "State",
  two: "Two lines a row",
  gone: "The file was deleted, so its own columns cannot be shown. The answers are here.",
  none: {
    title: "No row is like that",
    text: "No row of this job matches what you chose.",
    action: "Show all rows",
  },
  waiting: { title: "No rows yet", text: "They appear here as soon as the first answers come." },
  noAnswer: "–",
} as const;

export const drawer = {
  title: (number: number) => `Row ${n(number)}`,
  close: "Close",
  previous: "Previous row",
  next: "Next row",
  copy: (column: string) => `Copy ${column}`,
  copied: "Copied",
  noAnswer: "No answer",
  whole: (characters: number) => `Show all ${n(characters)} characters`,
  cut: "Longer than can be shown here. The download has the whole text.",
  edit: (column: string) => `Edit ${column}`,
  editLabel: (column: string) => `New text of ${column}`,
  saveEdit: "Save text",
  cancelEdit: "Cancel",
  edited: "Edited by you",
  editedFrom: "Text before your edit",
  undoEdit: "Undo the edit",
  rawTitle: "As the model gave it",
  putBack: "Put the raw answers back",
  fixAgain: "Take the wrapping off again",
  putBackText:
    "Replaces the answers of this row by what the model gave. Nothing is sent to it, and nothing counts as usage.",
  again: "Send again",
  againWait: "once the job has completed",
  againAsk: {
    title: (number: number) => `Send row ${n(number)} again?`,
    text: (steps: number) =>
      `All ${plural(steps, "step")} of the row run once more, and count and cost as before. Its present answers are dropped when it starts.`,
    keep: "Keep the answers",
    yes: "Send again",
  },
  sent: (number: number) => `Row ${n(number)} is sent again`,
  why: "Why it failed",
  said: "The provider said:",
  skipped:
    "Every column that the templates use is blank in this row, so nothing was sent and nothing counts.",
  pending: "This row has no result yet.",
  input: "Input",
  inputGone: "The file was deleted; its cells cannot be shown.",
  empty: "empty",
  facts: "Facts",
  confidence: "Completeness of the input",
  of100: (value: number) => `${n(value)} of 100`,
  attempts: "Calls made",
  missing: "This row is not among those shown.",
} as const;

export const download = {
  title: "Download results",
  partial: (done: number, total: number) =>
    `The job is not complete: ${n(done)} of ${rows(total)} have a result. The others come with empty cells.`,
  rows: "Rows",
  which: { ALL: "All rows", ONLY_SUCCEEDED: "Done", ONLY_FAILED: "Failed" },
  format: "Format",
  formats: { CSV: "CSV", XLSX: "Excel", JSONL: "JSON Lines" },
  formatTexts: {
    CSV: "Written as your file was: same delimiter, same quoting.",
    XLSX: "A workbook in which every cell is text, so that nothing is turned into a date or a number.",
    JSONL: "One object a row, for programs.",
  },
  extra: "More columns",
  extras: {
    confidence: "Completeness of the input",
    flags: "Flags of the answers",
    error: "Why a row failed",
    raw: "Answers as the model gave them",
  },
  mark: "For Excel",
  markText: "Begins with a byte order mark, so that accents are right.",
  raw: "Leave formulas as they are",
  rawText: "Otherwise an answer that a spreadsheet would run gets an apostrophe before it.",
  close: "Close",
  go: (format: string) => `Download ${format}`,
} as const;

export const asks = {
  keep: "Keep it",
  cancel: {
    title: "Cancel this job?",
    text: (left: number) =>
      `${left === 1 ? "1 row that has" : `${n(left)} rows that have`} no result yet will not be run. What is done stays and can be downloaded. This cannot be undone; to wait instead, pause the job.`,
    keep: "Keep running",
    yes: "Cancel job",
  },
  remove: {
    title: "Delete this job?",
    text: "Its rows, answers and result files are deleted for good. Your file stays, and so does what the job used in the meter.",
    keep: "Keep it",
    yes: "Delete job",
    done: "Job deleted",
  },
  retry: {
    title: (count: number) => `Send ${plural(count, "failed row")} again?`,
    text: "Rows that are done stay as they are. Steps of a chain that succeeded keep their answers and are not paid again; the rest counts and costs as before.",
    keep: "Not now",
    yes: "Send again",
  },
} as const;
