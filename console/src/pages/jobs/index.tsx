import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { CirclePlay, Play } from "lucide-react";
import { pagesOf } from "@/api/pages";
import { q } from "@/api/queries";
import { hasEnded } from "@/api/watch";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Button, buttonClass } from "@/ui/Button";
import { Chip } from "@/ui/Chip";
import { Empty } from "@/ui/Empty";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { jobs as words } from "@/words/jobs";
import { JobTable } from "./Table";

const REFRESH_MS = 5000;
type State = keyof typeof words.states;

/** All jobs, newest first. What is shown of them stands in the address. */
export function Jobs() {
  const search = useSearch({ strict: false }) as { state?: string; file?: string };
  const navigate = useNavigate();
  const state = (search.state ?? "") as State;
  const file = useQuery({ ...q.file(search.file ?? ""), enabled: Boolean(search.file) });
  const filter = [state && `state = ${state}`, search.file && `file = files/${search.file}`]
    .filter(Boolean)
    .join(" AND ");
  const pages = useInfiniteQuery({
    ...pagesOf.jobs(filter),
    refetchInterval: ({ state: { data } }) =>
      data?.pages.some((page) => page.jobs.some((job) => !hasEnded(job))) ? REFRESH_MS : false,
  });
  const list = pages.data?.pages.flatMap((page) => page.jobs) ?? [];
  const isFiltered = filter !== "";
  const show = (next: { state?: string; file?: string }) =>
    void navigate({ to: "/jobs", search: next, replace: true });
  return (
    <div className="page">
      <PageHead
        title={words.title}
        actions={
          <Link
            to="/jobs/new"
            search={search.file ? { file: search.file } : {}}
            className={buttonClass("primary")}
          >
            <Play size={15} aria-hidden />
            {words.create}
          </Link>
        }
      />
      {(list.length > 0 || isFiltered) && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame around a line of buttons
        <div className="row" role="group" aria-label={words.state}>
          {(Object.keys(words.states) as State[]).map((each) => (
            <Chip
              key={each}
              pressed={each === state}
              onClick={() =>
                show({ ...(each && { state: each }), ...(search.file && { file: search.file }) })
              }
            >
              {words.states[each]}
            </Chip>
          ))}
          {search.file && (
            <Chip pressed onClick={() => show(state ? { state } : {})}>
              {words.onlyFile(file.data?.display_name ?? words.deletedFile)}
              <span aria-hidden> ×</span>
            </Chip>
          )}
        </div>
      )}
      <section className="card">
        {pages.error && !pages.data ? (
          <div className="card-pad">
            <Failed error={pages.error} retry={() => void pages.refetch()} />
          </div>
        ) : !pages.data ? (
          <Skeleton rows={6} height={22} label={common.loading} />
        ) : list.length ? (
          <JobTable list={list} />
        ) : isFiltered ? (
          <Empty
            title={words.none.title}
            action={<Button onClick={() => show({})}>{words.none.action}</Button>}
          >
            {words.none.text}
          </Empty>
        ) : (
          <Empty
            icon={<CirclePlay size={28} strokeWidth={1.5} aria-hidden />}
            title={words.empty.title}
            action={
              <Link to="/jobs/new" search={{}} className={buttonClass("primary")}>
                {words.empty.action}
              </Link>
            }
          >
            {words.empty.text}
          </Empty>
        )}
      </section>
      {pages.hasNextPage && (
        <div>
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {words.loadMore}
          </Button>
        </div>
      )}
    </div>
  );
}
