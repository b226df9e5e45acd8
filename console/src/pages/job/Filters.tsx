import type { Job } from "@/api/client";
import { n } from "@/lib/format";
import { Chip } from "@/ui/Chip";
import { Select } from "@/ui/Select";
import { flagName, flagNames, grid as words } from "@/words/jobs";
import styles from "./job.module.css";

type State = keyof typeof words.chips;

/** Chips for states, with their numbers, and a list of flags with theirs. */
export function Filters({ job, filter, show }: { job: Job; filter: string; show: (filter: string) => void }) {
  const counts = job.request_counts ?? { total: 0, succeeded: 0, failed: 0, skipped: 0 };
  const waiting = counts.total - counts.succeeded - counts.failed - counts.skipped;
  const of: Record<State, number> = {
    "": counts.total,
    "state = SUCCEEDED": counts.succeeded,
    "state = FAILED": counts.failed,
    "state = SKIPPED": counts.skipped,
    "state = PENDING": waiting,
  };
  // What none of the rows is need not be offered, unless it is what somebody looks at.
  const offered = (Object.keys(words.chips) as State[]).filter(
    (each) => each === "" || of[each] > 0 || each === filter,
  );
  const flag = Object.keys(flagNames).find((each) => filter === `flag = ${each}`) ?? "";
  const counted = job.flag_counts;
  const flags = Object.keys(flagNames).filter((each) => counted[each] || each === flag);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame around a line of buttons
    <div className={styles.filters} role="group" aria-label={words.show}>
      {offered.map((each) => (
        <Chip key={each} pressed={filter === each} count={n(of[each])} onClick={() => show(each)}>
          {words.chips[each]}
        </Chip>
      ))}
      {flags.length > 0 && (
        <Select
          small
          label={words.flags}
          value={flag}
          onChange={(next) => show(next ? `flag = ${next}` : "")}
          options={[
            { value: "", label: words.anyFlag },
            ...flags.map((each) => ({ value: each, label: words.flagOption(flagName(each), counted[each]) })),
          ]}
        />
      )}
    </div>
  );
}
