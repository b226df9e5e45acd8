/** The rows around those in sight, asked for as they come, so that a file of any length costs the same memory. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { q } from "@/api/queries";

/** Rows of one question. */
const PAGE = 200;
/** Pages that are kept; those seen longest ago go first. */
const MOST_PAGES = 20;

type Page = readonly { number: number; cells: string[] }[];
export type Rows = {
  /** The cells of a row by its index from 0, once they are here. */
  at: (index: number) => readonly string[] | undefined;
  /** Grows with each page that came. */
  version: number;
  error: unknown;
  need: (first: number, last: number) => void;
};

export function useRows(file: string, parse: number, count: number): Rows {
  const queries = useQueryClient();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another reading has other rows.
  const pages = useMemo(() => new Map<number, Page>(), [file, parse]);
  const [version, setVersion] = useState(0);
  const [error, setError] = useState<unknown>(null);
  const wanted = useRef(new Set<number>());

  const load = useCallback(
    async (page: number) => {
      if (pages.has(page) || wanted.current.has(page)) return;
      wanted.current.add(page);
      try {
        const first = page * PAGE + 1;
        const answer = await queries.fetchQuery({ ...q.rows(file, parse, first, PAGE), gcTime: 0 });
        pages.set(page, answer.rows);
        const oldest = pages.keys().next();
        if (pages.size > MOST_PAGES && !oldest.done) pages.delete(oldest.value);
        setError(null);
        setVersion((before) => before + 1);
      } catch (failure) {
        setError(failure);
      } finally {
        wanted.current.delete(page);
      }
    },
    [queries, pages, file, parse],
  );

  const need = useCallback(
    (first: number, last: number) => {
      for (
        let page = Math.floor(first / PAGE);
        page <= Math.floor(Math.min(last, count - 1) / PAGE);
        page += 1
      )
        void load(page);
    },
    [load, count],
  );

  const at = useCallback(
    (index: number) => pages.get(Math.floor(index / PAGE))?.[index % PAGE]?.cells,
    [pages],
  );
  return { at, version, error, need };
}
