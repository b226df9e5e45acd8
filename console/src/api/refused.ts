/** What a refused upload could be read with; the server has tried each offer on the whole file. */
import type { ApiError } from "./errors";

export type Offer = {
  encoding: string;
  delimiter: string;
  skip_rows: number;
  skip_last_rows: number;
  duplicate_names: string;
  row_count: number;
  column_count: number;
  columns: string[];
  sample: string[];
};
export type RefusedFile = { name: string; offers: Offer[] };

const NOTHING: Offer = {
  encoding: "",
  delimiter: "",
  skip_rows: 0,
  skip_last_rows: 0,
  duplicate_names: "",
  row_count: 0,
  column_count: 0,
  columns: [],
  sample: [],
};

/** The detail of the refusal, if it has one. Details are printed without their empty fields. */
export function refusedFile(error: ApiError): RefusedFile | undefined {
  const detail = error.details.find((each) => each["@type"].endsWith(".RefusedFile"));
  if (!detail) return undefined;
  const { name = "", offers = [] } = detail as Partial<{ name: string; offers: Partial<Offer>[] }>;
  return { name, offers: offers.map((offer) => ({ ...NOTHING, ...offer })) };
}
