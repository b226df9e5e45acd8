import type { FileProfile } from "@/api/client";
import { Badge, type BadgeKind } from "@/ui/Badge";
import { file as words } from "@/words/files";
import style from "./file.module.css";

const BANDS: Readonly<Record<string, BadgeKind>> = {
  Excellent: "good",
  Good: "good",
  Fair: "warn",
  Poor: "bad",
};

/** The score with each deduction, so that nobody has to wonder where points went. */
export function Quality({ profile }: { profile: FileProfile }) {
  const { quality } = profile;
  if (!quality) return null;
  const deductions = [
    { label: words.emptyRows, points: quality.empty_rows_points, most: 20 },
    { label: words.incomplete, points: quality.incomplete_columns_points, most: 30 },
    { label: words.malformed, points: quality.malformed_cells_points, most: 30 },
    { label: words.missing, hint: words.missingHint, points: quality.missing_columns_points, most: 20 },
  ];
  return (
    <section className="card card-pad stack">
      <div className="row between">
        <h2>{words.quality}</h2>
        <Badge kind={BANDS[quality.band] ?? "plain"}>{quality.band}</Badge>
      </div>
      <p className={style.score}>
        {quality.score} <small>{words.of100}</small>
      </p>
      <dl className={style.deductions}>
        {deductions.map((one) => (
          <div key={one.label}>
            <dt>
              {one.label} {one.hint && <span className="xs muted">({one.hint})</span>}
            </dt>
            <dd className="num">{words.points(one.points, one.most)}</dd>
            <div className={style.track} aria-hidden>
              <div style={{ width: `${(100 * one.points) / one.most}%` }} />
            </div>
          </div>
        ))}
      </dl>
      <p className="xs muted">{words.qualityText}</p>
    </section>
  );
}
