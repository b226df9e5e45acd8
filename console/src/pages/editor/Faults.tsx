import { namesIn, type Piece } from "@/lib/prompt";
import { editor as words } from "@/words/templates";
import styles from "./editor.module.css";

/** What stands in the way of a prompt, in words. */
export function Faults({
  id,
  list,
  file,
  lacking,
  isTyping,
}: {
  id: string;
  list: Piece[];
  file: string;
  lacking: boolean;
  /** Whether a variable is being typed, which need not be closed yet. */
  isTyping: boolean;
}) {
  const unknown = namesIn(list, "unknown");
  const ambiguous = namesIn(list, "ambiguous");
  const broken = list.flatMap((piece) => (piece.kind === "broken" ? [piece.fault] : []));
  const said = [
    lacking && words.required.prompt,
    broken.includes("open") && !isTyping && words.open,
    broken.includes("empty") && words.blank,
    ambiguous.length > 0 && words.ambiguous(ambiguous),
    unknown.length > 0 && words.unknown(unknown, file),
  ].filter((text): text is string => Boolean(text));
  return (
    <div id={id} className={styles.faults} aria-live="polite">
      {said.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}
