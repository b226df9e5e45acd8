import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CloudUpload } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import type { DataFile } from "@/api/client";
import { ApiError } from "@/api/errors";
import { q } from "@/api/queries";
import { type ReadAs, type Sent, type Upload, upload } from "@/api/upload";
import { bytes } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { Progress } from "@/ui/Progress";
import { drop as words } from "@/words/files";
import style from "./Drop.module.css";
import { Refused } from "./Refused";

type State =
  | { is: "waiting"; note?: string }
  | { is: "sending"; file: File; sent: Sent; upload: Upload }
  | { is: "refused"; file: File; error: ApiError };

/** Where a file is given: by dropping, choosing or pasting it. Tells sending, reading and done apart. */
export function Drop({ onDone, small }: { onDone: (file: DataFile) => void; small?: boolean }) {
  const [state, setState] = useState<State>({ is: "waiting" });
  const [over, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const limits = useQuery(q.installation).data?.limits;
  const queries = useQueryClient();
  const running = useRef<Upload | null>(null);
  // Who leaves the page in the middle means it: half a file is no file.
  useEffect(() => () => running.current?.cancel(), []);
  useEffect(() => {
    if (state.is !== "sending") return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [state.is]);

  const done = (file: DataFile) => {
    void queries.invalidateQueries({ queryKey: ["files"], exact: true });
    onDone(file);
  };
  const send = (file: File, readAs: ReadAs = {}) => {
    // What will be refused is refused before a byte of it is sent.
    if (limits && file.size > limits.max_upload_bytes) {
      const note = words.tooLarge(file.name, bytes(file.size), bytes(limits.max_upload_bytes));
      return setState({ is: "waiting", note });
    }
    if (!file.size) return setState({ is: "waiting", note: words.empty(file.name) });
    const started = upload(file, readAs, (sent) =>
      setState((before) => (before.is === "sending" ? { ...before, sent } : before)),
    );
    running.current = started;
    setState({
      is: "sending",
      file,
      upload: started,
      sent: { bytes: 0, total: file.size, reading: false },
    });
    started.done.then(done, (error: unknown) => {
      if (error instanceof ApiError && error.reason === "UPLOAD_CANCELLED")
        return setState({ is: "waiting", note: words.cancelled });
      return setState({ is: "refused", file, error: error instanceof ApiError ? error : ApiError.offline() });
    });
  };
  const take = (list: FileList | null | undefined) => {
    const file = list?.[0];
    if (file) send(file);
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };

  if (state.is === "sending") return <Sending {...state} />;
  if (state.is === "refused")
    return (
      <Refused
        name={state.file.name}
        error={state.error}
        onDone={done}
        onAgain={(readAs) => send(state.file, readAs)}
        onOther={() => setState({ is: "waiting" })}
      />
    );
  return (
    <div className="stack stack-sm">
      {state.note && <Note kind="warn">{state.note}</Note>}
      <section
        className={style.drop}
        aria-label={words.title}
        data-over={over}
        data-small={small}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <CloudUpload size={24} strokeWidth={1.6} aria-hidden />
        <p className={style.title}>{words.title}</p>
        <p className="sm muted">
          {limits && `${words.limits(bytes(limits.max_upload_bytes), limits.max_rows)}. `}
          {words.free}
        </p>
        <Button look="primary" onClick={() => chooser.current?.click()}>
          {words.choose}
        </Button>
        <input
          ref={chooser}
          type="file"
          hidden
          data-testid="file"
          accept=".csv,.tsv,.txt,.tab,.xlsx,.xlsm,text/csv"
          onChange={(event) => {
            take(event.target.files);
            event.target.value = "";
          }}
        />
      </section>
    </div>
  );
}

function Sending({ file, sent, upload }: Extract<State, { is: "sending" }>) {
  const text = sent.reading ? words.reading(file.name) : words.sending(file.name);
  const part = words.sent(bytes(sent.bytes), bytes(sent.total));
  return (
    <section className={style.sending}>
      <div className="row between">
        <p role="status" className={style.title}>
          {text}
        </p>
        {!sent.reading && <Button onClick={upload.cancel}>{words.cancel}</Button>}
      </div>
      <Progress good={sent.bytes} total={sent.total} label={words.sending(file.name)} text={part} live />
      <p className="sm muted num">{part}</p>
    </section>
  );
}
