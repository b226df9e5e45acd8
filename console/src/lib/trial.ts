import type { Piece } from "./prompt";

/** Tokens are counted at four bytes, as the server's own estimate does. */
const BYTES_PER_TOKEN = 4;
/** The system message in front of each prompt, about. */
const FRAME_TOKENS = 60;
const LOW_SHARE = 0.1;

export interface Price {
  input_price_usd: string;
  output_price_usd: string;
}

/** What a test of some rows may cost in US dollars; undefined without a price. `prompt` is one as it is sent. */
export function trialCost(
  prompt: string,
  rows: number,
  maxTokens: number,
  price: Price | undefined,
): { low: number; high: number } | undefined {
  if (!price?.input_price_usd || !price.output_price_usd) return undefined;
  const input =
    (new TextEncoder().encode(prompt).length / BYTES_PER_TOKEN + FRAME_TOKENS) *
    Number(price.input_price_usd);
  const output = maxTokens * Number(price.output_price_usd);
  return { low: (rows * (input + output * LOW_SHARE)) / 1e6, high: (rows * (input + output)) / 1e6 };
}

export interface Shown {
  text: string;
  /** The variable whose value this is. */
  of?: string;
}

/**
 * Marks what of a rendered prompt came out of variables. Only if the pieces with their values give the server's text
 * letter by letter; otherwise its text is shown without marks, because the server has the last word.
 */
export function marked(
  list: readonly Piece[],
  read: (name: string) => string | undefined,
  rendered: string,
): Shown[] {
  const out: Shown[] = [];
  for (const piece of list) {
    if (piece.kind === "broken") return [{ text: rendered }];
    if (piece.kind === "variable") out.push({ text: read(piece.name) ?? "", of: piece.name });
    else out.push({ text: piece.kind === "escape" ? "{{" : piece.text });
  }
  return out.map((part) => part.text).join("") === rendered ? out : [{ text: rendered }];
}
