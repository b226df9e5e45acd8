/** Words of the files, of one file, and of what is refused. */
import { n, plural } from "@/lib/format";

/** The server's names of encodings, the commonest first. */
export const ENCODINGS = {
  "utf-8": "UTF-8",
  "windows-1252": "Windows-1252 (Western)",
  "latin-1": "Latin-1",
  "windows-1250": "Windows-1250 (Central European)",
  "windows-1251": "Windows-1251 (Cyrillic)",
  "koi8-r": "KOI8-R (Cyrillic)",
  "mac-roman": "Mac Roman",
  "utf-16-le": "UTF-16",
  "utf-16-be": "UTF-16 (big-endian)",
  shift_jis: "Shift JIS (Japanese)",
  gb18030: "GB 18030 (Chinese)",
  big5: "Big5 (Chinese)",
  "euc-kr": "EUC-KR (Korean)",
} as const;

export const DELIMITERS = {
  ",": "comma",
  ";": "semicolon",
  "\t": "tab",
  "|": "pipe",
  none: "nothing: one column",
} as const;

export const COLUMN_TYPES: Readonly<Record<string, string>> = {
  FIRST_NAME: "First name",
  LAST_NAME: "Last name",
  FULL_NAME: "Full name",
  EMAIL: "E-mail",
  PHONE: "Phone",
  COMPANY_NAME: "Company",
  JOB_TITLE: "Job title",
  INDUSTRY: "Industry",
  CITY: "City",
  STATE: "State or region",
  COUNTRY: "Country",
  LINKEDIN_URL: "LinkedIn",
  WEBSITE: "Website",
  COMPANY_SIZE: "Company size",
  REVENUE: "Revenue",
};

export const VALUE_KINDS: Readonly<Record<string, string>> = {
  NUMBER: "numbers",
  DATE: "dates",
  IDENTIFIER: "codes with leading zeros",
};

export const drop = {
  title: "Drop a CSV or Excel file here",
  choose: "Choose a file",
  limits: (size: string, rows: number) => `.csv, .tsv, .txt or .xlsx, up to ${size} and ${n(rows)} rows`,
  free: "Uploading costs nothing.",
  tooLarge: (name: string, size: string, most: string) =>
    `“${name}” has ${size}; this installation takes ${most}. Nothing was sent. Leave out columns or split it.`,
  empty: (name: string) => `“${name}” is empty. Nothing was sent.`,
  onlyOne: "One file at a time: the first was taken.",
  sending: (name: string) => `Sending ${name}`,
  sent: (part: string, all: string) => `${part} of ${all}`,
  reading: (name: string) => `Reading ${name}: finding its columns and checking every line`,
  cancel: "Cancel",
  cancelled: "Cancelled. Nothing was stored.",
  broken: "The connection broke while the file was sent. Nothing was stored.",
  again: "Send it again",
  refused: (name: string) => `“${name}” was not read`,
  other: "Choose another file",
} as const;

export const offers = {
  title: "It can be read like this",
  kept: "The file is kept for an hour, so that you need not send it again.",
  size: (rows: number, columns: number) => `${plural(rows, "row")}, ${plural(columns, "column")}`,
  use: "Read it like this",
  look: "Does this line read right?",
  skip: (count: number) => `leave out ${count === 1 ? "the first line" : `the first ${count} lines`}`,
  skipLast: (count: number) => `leave out ${count === 1 ? "the last row" : `the last ${count} rows`}`,
  number: "number the column names that repeat",
  encoding: (name: string) => `as ${name}`,
  delimiter: (name: string) => `split at ${name}`,
  none: "Correct the line in the program that made the file, and send it again.",
} as const;

export const files = {
  title: "Files",
  text: "What you uploaded, byte for byte. Jobs read from it and never change it.",
  name: "Name",
  rows: "Rows",
  size: "Size",
  uploaded: "Uploaded",
  emptyTitle: "No file yet",
  emptyText: "Start with a table that has names of columns in its first row. Each row becomes a prompt.",
  filter: "Filter by name",
  noMatch: "No file is called that.",
  newJob: "New job with it",
  original: "Download the original",
  delete: "Delete",
  deleteTitle: (name: string) => `Delete “${name}”?`,
  deleteText:
    "The file and its rows become unreadable at once, in backups too. Results of finished jobs stay; a running job ends and keeps what it has.",
  deleteButton: "Delete file",
  deleted: "File deleted",
  showing: (count: number) => `The newest ${n(count)} are shown.`,
} as const;

export const file = {
  summary: (rows: number, columns: number, size: string) =>
    `${plural(rows, "row")} · ${plural(columns, "column")} · ${size}`,
  uploadedAgo: (ago: string) => `uploaded ${ago}`,
  newJob: "New job",
  original: "Original",
  readAs: "Read as",
  encoding: "Encoding",
  delimiter: "Delimiter",
  sheet: "Sheet",
  sheetRows: (rows: number, hidden: boolean) => `${plural(rows, "row")}${hidden ? ", hidden" : ""}`,
  detected: "Detected",
  more: "More",
  skipRows: "Lines to leave out at the top",
  skipLast: "Rows to leave out at the end",
  number: "Number column names that repeat",
  apply: "Read again",
  reread: "The file was read again",
  skipped: (first: number, last: number) =>
    [
      first ? `${plural(first, "line")} before the header` : "",
      last ? `${plural(last, "row")} at the end` : "",
    ]
      .filter(Boolean)
      .join(" and ")
      .concat(" left out"),
  guessed: (name: string) => `The encoding is a guess: ${name}. Does this line read right?`,
  guessedFix: "If not, choose another encoding above; nothing has to be sent again.",
  right: "It reads right",
  omitted: (count: number) => `${plural(count, "column")} without name and values left out.`,
  rows: "Rows",
  columns: "Columns",
  quality: "Data quality",
  of100: "of 100",
  points: (points: number, most: number) =>
    points >= 0.05 ? `−${points.toFixed(1)} of ${most}` : `0 of ${most}`,
  emptyRows: "Empty rows",
  incomplete: "Incomplete columns",
  malformed: "Malformed cells",
  missing: "Missing key columns",
  missingHint: "a name, an e-mail, a company",
  qualityText: "It tells about the table as you uploaded it. Nothing was changed or removed.",
  profileMissing: "This file was read by an earlier version, which made no profile.",
  profileAgain: "Read again",
  column: "Column",
  type: "Holds",
  filled: "Filled",
  problems: "Worth a look",
  samples: "For example",
  malformedCount: (count: number) => `${n(count)} malformed`,
  repeatedCount: (count: number) => `${n(count)} repeated`,
  placeholderCount: (count: number) => `${n(count)} like #N/A`,
  filledText: (share: string, count: number) => `${share}, ${plural(count, "row")}`,
  gridLabel: (name: string) => `Rows of ${name}`,
  number_: "#",
  row: (number: number) => `Row ${n(number)}`,
  nextRow: "Next row",
  previousRow: "Previous row",
  emptyCell: "empty",
  columnsMenu: "Choose columns",
  shown: (shown: number, all: number) => `${shown} of ${all}`,
} as const;
