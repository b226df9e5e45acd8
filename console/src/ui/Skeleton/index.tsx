import { useLater } from "@/lib/hooks";
import style from "./Skeleton.module.css";

/** What takes a moment does not flash: nothing is painted before this. */
const LATER_MS = 200;

/** Grey lines where text will be, in about its height, so that nothing jumps when it comes. */
export function Skeleton({
  rows = 5,
  height = 18,
  label,
}: {
  rows?: number;
  height?: number;
  label: string;
}) {
  const late = useLater(true, LATER_MS);
  return (
    <div className={style.lines} role="status" aria-label={late ? label : undefined}>
      {Array.from({ length: rows }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all the same.
          key={line}
          className={late ? style.line : undefined}
          style={{ height, width: `${96 - ((line * 17) % 40)}%` }}
        />
      ))}
    </div>
  );
}
