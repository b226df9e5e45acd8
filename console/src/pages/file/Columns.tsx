import type { FileProfile } from "@/api/client";
import { percent } from "@/lib/format";
import { Badge } from "@/ui/Badge";
import { COLUMN_TYPES, VALUE_KINDS, file as words } from "@/words/files";
import style from "./file.module.css";

/** What each column holds, how much of it is filled, and what is worth a look before money is spent on it. */
export function Columns({ profile }: { profile: FileProfile }) {
  return (
    <div className="card">
      <div className="table-wrap">
        <table className="table">
          <caption className="sr">{words.columns}</caption>
          <thead>
            <tr>
              <th scope="col">{words.column}</th>
              <th scope="col">{words.type}</th>
              <th scope="col">{words.filled}</th>
              <th scope="col">{words.problems}</th>
              <th scope="col">{words.samples}</th>
            </tr>
          </thead>
          <tbody>
            {profile.columns.map((column, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat; places do not.
              <tr key={place}>
                <td className="main" dir="auto">
                  {column.name}
                </td>
                <td className="dim">{COLUMN_TYPES[column.type] ?? VALUE_KINDS[column.value_kind] ?? ""}</td>
                <td>
                  <div className={style.filled}>
                    <div className={style.track} aria-hidden>
                      <div className={style.full} style={{ width: `${100 * column.completeness}%` }} />
                    </div>
                    <span
                      className="num"
                      title={words.filledText(percent(column.completeness), column.filled_count)}
                    >
                      {percent(column.completeness)}
                    </span>
                  </div>
                </td>
                <td>
                  <span className={style.problems}>
                    {column.malformed_count > 0 && (
                      <Badge kind="warn">{words.malformedCount(column.malformed_count)}</Badge>
                    )}
                    {column.duplicate_count > 0 && (
                      <Badge>{words.repeatedCount(column.duplicate_count)}</Badge>
                    )}
                    {column.placeholder_count > 0 && (
                      <Badge kind="warn">{words.placeholderCount(column.placeholder_count)}</Badge>
                    )}
                  </span>
                </td>
                <td className={style.samples} dir="auto">
                  {column.samples.join(" · ")}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
