import { shell } from "@/words/shell";
import style from "./Shortcuts.module.css";

const { keys: words } = shell;
const LIST: readonly [readonly string[], string][] = [
  [["Ctrl", "K"], words.palette],
  [["g", "h f t j u s"], words.go],
  [["c"], words.newJob],
  [["/"], words.filter],
  [["?"], words.help],
  [["Esc"], words.close],
  [["← ↑ → ↓", "PgDn", "Ctrl End"], words.grid],
  [["Enter"], words.open],
  [["j", "k"], words.rows],
  [["Alt ← →"], words.width],
];

/** Every key that does something. */
export const Shortcuts = () => (
  <dl className={style.list}>
    {LIST.map(([keys, meaning]) => (
      <div key={meaning}>
        <dt>
          {keys.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </dt>
        <dd>{meaning}</dd>
      </div>
    ))}
  </dl>
);
