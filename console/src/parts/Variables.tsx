import { namesIn, pieces } from "@/lib/prompt";
import styles from "./Variables.module.css";

/** The variables of a prompt as small labels: what a template needs from a file, at a glance. */
export function Variables({
  prompt,
  most = 4,
  none,
  more,
}: {
  prompt: string;
  most?: number;
  none: string;
  more: (count: number) => string;
}) {
  const names = namesIn(pieces(prompt, {}));
  if (!names.length) return <span className="muted sm">{none}</span>;
  return (
    <ul className={styles.list}>
      {names.slice(0, most).map((name) => (
        <li key={name} className={name.startsWith("$") ? styles.custom : styles.column} title={name}>
          <bdi>{name}</bdi>
        </li>
      ))}
      {names.length > most && (
        <li className={styles.more} title={names.slice(most).join(", ")}>
          {more(names.length - most)}
        </li>
      )}
    </ul>
  );
}
