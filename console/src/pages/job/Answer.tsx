import { Copy, Pencil } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { JobRow } from "@/api/client";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { TextArea } from "@/ui/Field";
import { toast } from "@/ui/Toast";
import { flagName, drawer as words } from "@/words/jobs";
import styles from "./job.module.css";
import type { RowActs } from "./useRowActs";

const KINDS = { ERROR: "bad", WARNING: "warn" } as const;

/** One answer: its text, its flags, what the model gave before auto-fix or an edit, and an edit of it. */
export function Answer({ name, row, edit }: { name: string; row: JobRow; edit: RowActs["edit"] }) {
  const [draft, setDraft] = useState<string>();
  const text = row.outputs[name];
  const before = row.edited_outputs[name];
  const raw = row.raw_outputs[name];
  const findings = row.findings.filter((finding) => finding.output_column === name);
  const save = (next: string) => edit.mutate({ [name]: next }, { onSuccess: () => setDraft(undefined) });
  return (
    <section className={styles.answer} aria-label={name}>
      <div className="row between">
        <h3>
          <bdi>{name}</bdi>
        </h3>
        {text !== undefined && draft === undefined && (
          <span>
            {row.state === "SUCCEEDED" && (
              <Button
                look="quiet"
                icon={<Pencil size={14} aria-hidden />}
                aria-label={words.edit(name)}
                onClick={() => setDraft(text)}
              />
            )}
            <Button
              look="quiet"
              icon={<Copy size={14} aria-hidden />}
              aria-label={words.copy(name)}
              onClick={() =>
                void navigator.clipboard.writeText(text).then(() => toast({ title: words.copied }))
              }
            />
          </span>
        )}
      </div>
      {draft !== undefined ? (
        <div className="stack stack-sm">
          <TextArea
            aria-label={words.editLabel(name)}
            rows={6}
            value={draft}
            onChange={(event) => setDraft(event.target.value)}
          />
          <div className="row">
            <Button
              look="primary"
              busy={edit.isPending}
              disabled={draft === text}
              onClick={() => save(draft)}
            >
              {words.saveEdit}
            </Button>
            <Button onClick={() => setDraft(undefined)}>{words.cancelEdit}</Button>
          </div>
        </div>
      ) : text === undefined ? (
        <p className="muted">{words.noAnswer}</p>
      ) : (
        <Long text={text} />
      )}
      {(findings.length > 0 || before !== undefined) && (
        <div className="row">
          {findings.map((finding) => (
            <Badge key={finding.flag} kind={KINDS[finding.severity as keyof typeof KINDS] ?? "plain"}>
              {flagName(finding.flag)}
            </Badge>
          ))}
          {before !== undefined && <Badge kind="info">{words.edited}</Badge>}
        </div>
      )}
      {before !== undefined && (
        <Fold title={words.editedFrom} text={before}>
          <Button busy={edit.isPending} onClick={() => save(before)}>
            {words.undoEdit}
          </Button>
        </Fold>
      )}
      {raw !== undefined && raw !== text && <Fold title={words.rawTitle} text={raw} />}
    </section>
  );
}

function Fold({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <details className={styles.fold}>
      <summary className="xs">{title}</summary>
      <Long text={text} />
      {children}
    </details>
  );
}

/** An answer may have two megabytes: as much as people read is drawn, and the rest when they ask. */
const SHOWN = 5000;

function Long({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > SHOWN && !isWhole;
  return (
    <>
      <p className={styles.text} dir="auto">
        {isLong ? `${text.slice(0, SHOWN)}…` : text}
      </p>
      {isLong && (
        <div>
          <Button onClick={() => setWhole(true)}>{words.whole(text.length)}</Button>
        </div>
      )}
    </>
  );
}
