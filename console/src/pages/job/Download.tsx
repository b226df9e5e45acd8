import { Download as Icon } from "lucide-react";
import { useState } from "react";
import type { Job } from "@/api/client";
import { downloadLink, type Format, type Which } from "@/lib/download";
import { n } from "@/lib/format";
import { Button, buttonClass } from "@/ui/Button";
import { Chip } from "@/ui/Chip";
import { Dialog } from "@/ui/Dialog";
import { Check, RadioCards } from "@/ui/Field";
import { Note } from "@/ui/Note";
import { download as words } from "@/words/jobs";
import styles from "./job.module.css";

const EXTRAS = ["confidence", "flags", "error", "raw"] as const;

/** What to download, as a plain link: the browser streams it to disk, whatever its size. */
export function Download({ open, onClose, job }: { open: boolean; onClose: () => void; job: Job }) {
  const [which, setWhich] = useState<Which>("ALL");
  const [format, setFormat] = useState<Format>("CSV");
  const [extras, setExtras] = useState<readonly string[]>([]);
  const [mark, setMark] = useState(false);
  const [raw, setRaw] = useState(false);
  const counts = job.request_counts;
  const done = (counts?.succeeded ?? 0) + (counts?.failed ?? 0) + (counts?.skipped ?? 0);
  const of = { ALL: counts?.total, ONLY_SUCCEEDED: counts?.succeeded, ONLY_FAILED: counts?.failed };
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={words.title}
      foot={
        <>
          <Button onClick={onClose}>{words.close}</Button>
          <a
            className={buttonClass("primary")}
            href={downloadLink(job.name, { which, format, extras, mark, raw })}
            download
            onClick={onClose}
          >
            <Icon size={15} aria-hidden />
            {words.go(words.formats[format])}
          </a>
        </>
      }
    >
      {done < (counts?.total ?? 0) && <Note kind="info">{words.partial(done, counts?.total ?? 0)}</Note>}
      <fieldset className={styles.group}>
        <legend>{words.rows}</legend>
        <div className="row">
          {(Object.keys(words.which) as Which[]).map((each) => (
            <Chip key={each} pressed={which === each} count={n(of[each])} onClick={() => setWhich(each)}>
              {words.which[each]}
            </Chip>
          ))}
        </div>
      </fieldset>
      <div className={styles.group}>
        <h3>{words.format}</h3>
        <RadioCards<Format>
          label={words.format}
          value={format}
          onChange={setFormat}
          options={(Object.keys(words.formats) as Format[]).map((each) => ({
            value: each,
            label: words.formats[each],
            note: words.formatTexts[each],
          }))}
        />
      </div>
      <fieldset className={styles.group}>
        <legend>{words.extra}</legend>
        {EXTRAS.map((each) => (
          <Check
            key={each}
            label={words.extras[each]}
            checked={extras.includes(each)}
            onChange={(on) => setExtras(on ? [...extras, each] : extras.filter((other) => other !== each))}
          />
        ))}
      </fieldset>
      {format === "CSV" && (
        <Check label={words.mark} hint={words.markText} checked={mark} onChange={setMark} />
      )}
      {format !== "JSONL" && <Check label={words.raw} hint={words.rawText} checked={raw} onChange={setRaw} />}
    </Dialog>
  );
}
