import { useMutation } from "@tanstack/react-query";
import { api, type DataFile, idOf, ok } from "@/api/client";
import type { ApiError } from "@/api/errors";
import { type Offer, refusedFile } from "@/api/refused";
import type { ReadAs } from "@/api/upload";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { DELIMITERS, drop as dropWords, ENCODINGS, offers as words } from "@/words/files";
import { reasonOf, sentenceOf } from "@/words/reasons";
import style from "./Drop.module.css";
import { Failed } from "./Failed";

type RefusedProps = {
  name: string;
  error: ApiError;
  onDone: (file: DataFile) => void;
  onAgain: (readAs: ReadAs) => void;
  onOther: () => void;
};

/** Why a file was not read, with the line, and how it could be. It stays until a person has decided. */
export function Refused({ name, error, onDone, onAgain, onOther }: RefusedProps) {
  const kept = refusedFile(error);
  const read = useMutation({
    mutationFn: (offer: Offer) => {
      const { encoding, delimiter, skip_rows, skip_last_rows, duplicate_names } = offer;
      const body = { encoding, delimiter, skip_rows, skip_last_rows, duplicate_names };
      const path = { file: idOf(kept?.name ?? "") };
      return ok(api.POST("/v1/files/{file}:reparse", { params: { path }, body }));
    },
    onSuccess: onDone,
  });
  const broke = error.status === 0;
  return (
    <section className={style.refused} aria-label={dropWords.refused(name)}>
      <div className="row between">
        <h2 className={style.title} dir="auto">
          {dropWords.refused(name)}
        </h2>
        <Button onClick={onOther}>{dropWords.other}</Button>
      </div>
      <Note
        kind="bad"
        action={
          broke && (
            <Button look="quiet" onClick={() => onAgain({})}>
              {dropWords.again}
            </Button>
          )
        }
      >
        {sentenceOf(error)} <span className="xs">({reasonOf(error)})</span>
      </Note>
      {read.error && <Failed error={read.error} />}
      {kept && kept.offers.length > 0 && (
        <div className="stack stack-sm">
          <h3>{words.title}</h3>
          <p className="sm muted">{words.kept}</p>
          {kept.offers.map((offer) => (
            <One key={describe(offer)} offer={offer} busy={read.isPending} onUse={() => read.mutate(offer)} />
          ))}
        </div>
      )}
      {kept && kept.offers.length === 0 && <p className="sm ink2">{words.none}</p>}
    </section>
  );
}

/** The options of an offer in words. */
export function describe(offer: Offer): string {
  const parts = [
    offer.skip_rows > 0 && words.skip(offer.skip_rows),
    offer.skip_last_rows > 0 && words.skipLast(offer.skip_last_rows),
    offer.duplicate_names && words.number,
    offer.encoding && words.encoding(ENCODINGS[offer.encoding as keyof typeof ENCODINGS] ?? offer.encoding),
    offer.delimiter &&
      words.delimiter(DELIMITERS[offer.delimiter as keyof typeof DELIMITERS] ?? offer.delimiter),
  ].filter(Boolean);
  const text = parts.join(", ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function One({ offer, busy, onUse }: { offer: Offer; busy: boolean; onUse: () => void }) {
  return (
    <div className={style.offer}>
      <div className="row between">
        <div>
          <p className={style.title}>{describe(offer)}</p>
          <p className="xs muted num">{words.size(offer.row_count, offer.column_count)}</p>
        </div>
        <Button look="primary" busy={busy} onClick={onUse}>
          {words.use}
        </Button>
      </div>
      {offer.encoding && <p className="sm ink2">{words.look}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reachable by keyboard. */}
      <section className={style.cells} tabIndex={0} aria-label={words.look}>
        <table>
          <thead>
            <tr>
              {offer.columns.map((column, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat; places do not.
                <th key={place} scope="col" dir="auto">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              {offer.sample.map((cell, place) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells have no other identity.
                <td key={place} dir="auto">
                  {cell}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </section>
    </div>
  );
}
