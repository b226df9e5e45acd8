import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type DataFile, idOf, ok, type Schemas } from "@/api/client";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Check, Field, Input } from "@/ui/Field";
import { Note } from "@/ui/Note";
import { Select } from "@/ui/Select";
import { toast } from "@/ui/Toast";
import { DELIMITERS, ENCODINGS, file as words } from "@/words/files";
import style from "./file.module.css";

type Options = Partial<Schemas["File"]> & {
  encoding?: string;
  delimiter?: string;
  sheet?: string;
  skip_rows?: number;
  skip_last_rows?: number;
  duplicate_names?: string;
};

const optionsOf = (names: Readonly<Record<string, string>>) =>
  Object.entries(names).map(([value, label]) => ({ value, label }));

/** How the file is read comes first, for a wrong encoding is what is complained of most. Nothing is sent again. */
export function ReadAs({ file }: { file: DataFile }) {
  const queries = useQueryClient();
  const id = idOf(file.name);
  const isWorkbook = file.sheets.length > 0;
  const [more, setMore] = useState(false);
  const now: Options = {
    ...(isWorkbook ? { sheet: file.sheet } : { encoding: file.encoding, delimiter: file.delimiter }),
    skip_rows: file.skip_rows,
    skip_last_rows: file.skip_last_rows,
    duplicate_names: file.duplicate_names,
  };
  const read = useMutation({
    mutationFn: (changed: Options) =>
      ok(
        api.POST("/v1/files/{file}:reparse", {
          params: { path: { file: id } },
          body: { ...now, ...changed },
        }),
      ),
    onSuccess: async () => {
      toast({ title: words.reread });
      await queries.invalidateQueries({ queryKey: ["files"] });
    },
  });
  return (
    <div className="stack stack-sm">
      <div className="row">
        <span className="sm muted">{words.readAs}</span>
        {isWorkbook ? (
          <Select
            small
            label={words.sheet}
            value={file.sheet}
            disabled={read.isPending}
            onChange={(sheet) => read.mutate({ sheet })}
            options={file.sheets.map((sheet) => ({
              value: sheet.name,
              label: sheet.name,
              note: words.sheetRows(sheet.row_count, sheet.hidden),
            }))}
          />
        ) : (
          <>
            <Select
              small
              label={words.encoding}
              value={file.encoding}
              disabled={read.isPending}
              onChange={(encoding) => read.mutate({ encoding })}
              options={optionsOf(ENCODINGS)}
            />
            <Select
              small
              label={words.delimiter}
              value={file.delimiter}
              disabled={read.isPending}
              onChange={(delimiter) => read.mutate({ delimiter })}
              options={optionsOf(DELIMITERS)}
            />
          </>
        )}
        <Button look="quiet" aria-expanded={more} onClick={() => setMore(!more)}>
          {words.more}
        </Button>
        {(file.skip_rows > 0 || file.skip_last_rows > 0) && (
          <span className="sm muted">{words.skipped(file.skip_rows, file.skip_last_rows)}</span>
        )}
        {file.omitted_columns.length > 0 && (
          <span className="sm muted">{words.omitted(file.omitted_columns.length)}</span>
        )}
      </div>
      {more && <More now={now} busy={read.isPending} onRead={read.mutate} />}
      {file.encoding_guessed && <Guess key={file.parse} file={file} />}
      {read.error && <Failed error={read.error} />}
    </div>
  );
}

function More({ now, busy, onRead }: { now: Options; busy: boolean; onRead: (options: Options) => void }) {
  const [first, setFirst] = useState(String(now.skip_rows ?? 0));
  const [last, setLast] = useState(String(now.skip_last_rows ?? 0));
  const [number, setNumber] = useState(now.duplicate_names === "number");
  return (
    <form
      className={style.more}
      onSubmit={(event) => {
        event.preventDefault();
        onRead({
          skip_rows: Number(first),
          skip_last_rows: Number(last),
          duplicate_names: number ? "number" : "",
        });
      }}
    >
      <Field label={words.skipRows}>
        {(ids) => (
          <Input
            {...ids}
            type="number"
            min={0}
            max={1000}
            value={first}
            onChange={(e) => setFirst(e.target.value)}
          />
        )}
      </Field>
      <Field label={words.skipLast}>
        {(ids) => (
          <Input
            {...ids}
            type="number"
            min={0}
            max={1000}
            value={last}
            onChange={(e) => setLast(e.target.value)}
          />
        )}
      </Field>
      <Check label={words.number} checked={number} onChange={setNumber} />
      <Button type="submit" busy={busy}>
        {words.apply}
      </Button>
    </form>
  );
}

/** A guess is called one, beside the line that shows whether it is right. */
function Guess({ file }: { file: DataFile }) {
  const [right, setRight] = useState(false);
  if (right) return null;
  const name = ENCODINGS[file.encoding as keyof typeof ENCODINGS] ?? file.encoding;
  return (
    <Note
      kind="warn"
      action={
        <Button look="quiet" onClick={() => setRight(true)}>
          {words.right}
        </Button>
      }
    >
      <p>{words.guessed(name)}</p>
      {file.sample_line && (
        <p className={style.sample} dir="auto">
          {file.sample_line}
        </p>
      )}
      <p>{words.guessedFix}</p>
    </Note>
  );
}
