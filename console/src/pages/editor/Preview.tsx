import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight, FileSpreadsheet } from "lucide-react";
import { api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { type Draft, forTrial } from "@/lib/draft";
import { useDebounced } from "@/lib/hooks";
import { columnKey, namesIn, type Piece } from "@/lib/prompt";
import { marked } from "@/lib/trial";
import { Failed } from "@/parts/Failed";
import { Button, buttonClass } from "@/ui/Button";
import { Empty } from "@/ui/Empty";
import { Select } from "@/ui/Select";
import { preview as words } from "@/words/templates";
import styles from "./editor.module.css";
import type { TrialSet } from "./useNames";

const PAUSE_MS = 250;

/** Values for what the file does not fill: those that somebody gave, and a stand-in for each earlier answer. */
export function valuesFor(list: Piece[], set: TrialSet): Record<string, string> {
  const earlier = namesIn(list, "earlier").map((name) => [name, set.mocks[name] || words.earlier(name)]);
  const given = namesIn(list, "mock").map((name) => [name, set.mocks[name] ?? ""]);
  return Object.fromEntries([...earlier, ...given]);
}

/** The prompt as the server fills it in for one row. */
export function Preview({ draft, list, set }: { draft: Draft; list: Piece[]; set: TrialSet }) {
  const isBlocked =
    list.some((piece) => piece.kind === "broken") || namesIn(list, "unknown", "ambiguous").length > 0;
  const values = valuesFor(list, set);
  const isReady = !isBlocked && set.file.data !== undefined && draft.prompt.trim() !== "";
  const wanted = isReady
    ? JSON.stringify({ prompt: draft.prompt, values, row: set.row, file: set.fileId })
    : "";
  const asked = useDebounced(wanted, PAUSE_MS);
  const rendered = useQuery({
    queryKey: ["preview", asked],
    enabled: isReady && asked !== "",
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const {
        prompt,
        values: mock_values,
        row: first_row,
        file,
      } = JSON.parse(asked) as { prompt: string; values: Record<string, string>; row: number; file: string };
      const template = forTrial({ ...draft, prompt, json_schema: "" });
      return ok(
        api.POST("/v1/templates:preview", {
          body: { template, file: `files/${file}`, first_row, row_count: 1, mock_values },
          signal,
        }),
      );
    },
  });
  const file = set.file.data;
  const cells = useQuery({
    ...q.rows(set.fileId, file?.parse ?? 0, set.row, 1),
    enabled: file !== undefined,
  });
  const count = file?.row_count ?? 0;
  const text = rendered.data?.previews[0]?.prompt;
  const read = (name: string) => {
    if (name.startsWith("$"))
      return set.custom.find((each) => each.display_name.toLowerCase() === name.slice(1).trim().toLowerCase())
        ?.value;
    const keys = (set.names.columns ?? []).map(columnKey);
    const exact = keys.indexOf(columnKey(name));
    const at =
      exact >= 0 ? exact : keys.findIndex((key) => key.toLowerCase() === columnKey(name).toLowerCase());
    return at >= 0 ? cells.data?.rows[0]?.cells[at] : values[name];
  };
  const files = set.files.data?.files;
  return (
    <section className="card" aria-labelledby="preview-title">
      <div className="card-head">
        <h2 id="preview-title">{words.title}</h2>
        {files && files.length > 0 && (
          <div className={styles.pick}>
            <Select
              small
              label={words.file}
              value={set.fileId}
              onChange={set.setFile}
              options={files.map((each) => ({ value: idOf(each.name), label: each.display_name }))}
            />
            <span className={styles.walk}>
              <Button
                look="quiet"
                icon={<ChevronLeft size={16} aria-hidden />}
                aria-label={words.previous}
                disabled={set.row <= 1}
                onClick={() => set.setRow(set.row - 1)}
              />
              <span className="sm num" aria-live="polite">
                {words.row(set.row, count)}
              </span>
              <Button
                look="quiet"
                icon={<ChevronRight size={16} aria-hidden />}
                aria-label={words.next}
                disabled={set.row >= count}
                onClick={() => set.setRow(set.row + 1)}
              />
            </span>
          </div>
        )}
      </div>
      {files && files.length === 0 ? (
        <Empty
          icon={<FileSpreadsheet size={26} strokeWidth={1.5} aria-hidden />}
          title={words.upload.title}
          action={
            <Link to="/files" className={buttonClass("plain")}>
              {words.upload.action}
            </Link>
          }
        >
          {words.upload.text}
        </Empty>
      ) : rendered.error && !isBlocked ? (
        <div className="card-pad">
          <Failed error={rendered.error} retry={() => void rendered.refetch()} />
        </div>
      ) : isBlocked || text === undefined || !draft.prompt.trim() ? (
        <p className={styles.hint}>{isBlocked ? words.blocked : words.waiting}</p>
      ) : (
        <section
          className={styles.rendered}
          data-old={rendered.isPlaceholderData || undefined}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
          tabIndex={0}
          aria-label={words.title}
          dir="auto"
        >
          {marked(list, read, text).map((part, at) =>
            part.of === undefined ? (
              part.text
            ) : (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never change places
              <mark key={at} title={part.text ? part.of : words.emptyTitle(part.of)}>
                <bdi>{part.text || words.empty}</bdi>
              </mark>
            ),
          )}
        </section>
      )}
    </section>
  );
}
