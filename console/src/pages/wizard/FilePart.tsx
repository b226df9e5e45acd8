import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { idOf } from "@/api/client";
import { pagesOf } from "@/api/pages";
import { q } from "@/api/queries";
import { plural } from "@/lib/format";
import type { Choice } from "@/lib/wizard";
import { Drop } from "@/parts/Drop";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { RadioCards } from "@/ui/Field";
import { Note } from "@/ui/Note";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { wizard } from "@/words/jobs";
import { Part } from "./Part";
import styles from "./wizard.module.css";

const words = wizard.file;

/** Which file: one line once it is chosen, and the list with a place to drop another one before that. */
export function FilePart({ choice, change }: { choice: Choice; change: (part: Partial<Choice>) => void }) {
  const [isOpen, setOpen] = useState(choice.file === "");
  const pages = useInfiniteQuery(pagesOf.files);
  const chosen = useQuery({ ...q.file(choice.file), enabled: choice.file !== "" });
  const queries = useQueryClient();
  const list = pages.data?.pages.flatMap((page) => page.files) ?? [];
  const pick = (file: string) => {
    change({ file });
    setOpen(false);
  };
  const showsList = isOpen || Boolean(chosen.error);
  return (
    <Part
      number={1}
      done={chosen.data !== undefined}
      title={words.title}
      aside={
        !showsList && (
          <Button look="quiet" onClick={() => setOpen(true)}>
            {words.change}
          </Button>
        )
      }
    >
      {chosen.error && <Note kind="warn">{words.gone}</Note>}
      {!showsList ? (
        chosen.data ? (
          <p className={styles.chosen}>
            <strong>
              <bdi>{chosen.data.display_name}</bdi>
            </strong>
            <span className="sm muted num">
              {words.facts(chosen.data.row_count, chosen.data.columns.length)}
            </span>
          </p>
        ) : (
          <Skeleton rows={1} label={common.loading} />
        )
      ) : pages.error ? (
        <Failed error={pages.error} retry={() => void pages.refetch()} />
      ) : !pages.data ? (
        <Skeleton rows={3} height={30} label={common.loading} />
      ) : (
        <>
          {list.length > 0 ? (
            <div className={styles.files}>
              <RadioCards
                label={words.title}
                value={choice.file}
                onChange={pick}
                options={list.map((file) => ({
                  value: idOf(file.name),
                  label: file.display_name,
                  note: plural(file.row_count, "row"),
                }))}
              />
              {pages.hasNextPage && (
                <div>
                  <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                    {words.loadMore}
                  </Button>
                </div>
              )}
            </div>
          ) : (
            <p className="sm ink2">{words.empty}</p>
          )}
          {list.length > 0 && <p className="sm ink2">{words.other}</p>}
          <Drop
            onDone={(file) => {
              void queries.invalidateQueries({ queryKey: ["files"] });
              pick(idOf(file.name));
            }}
          />
        </>
      )}
    </Part>
  );
}
