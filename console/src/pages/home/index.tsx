import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { SquarePlay, Upload } from "lucide-react";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Query } from "@/parts/Query";
import { buttonClass } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { home as words } from "@/words/home";
import style from "./home.module.css";
import { Files, Jobs, Running } from "./Lists";
import { Month } from "./Month";
import { Start } from "./Start";

/** Where one is: what is missing to begin, or what runs, what came of it, and what it cost. */
export function Home() {
  const [files, templates, keys, jobs, usage] = useQueries({
    queries: [q.files, q.templates, q.keys, q.jobs, q.usage()],
  });
  const failed = [files, templates, keys, jobs].find((one) => one.error && !one.data);
  const all =
    files.data && templates.data && keys.data && jobs.data
      ? {
          files: files.data.files,
          templates: templates.data.templates,
          keys: keys.data.api_keys,
          jobs: jobs.data.jobs,
        }
      : undefined;
  return (
    <div className="page">
      <PageHead
        title={words.title}
        actions={
          <>
            <Link to="/files" className={buttonClass("plain")}>
              <Upload size={15} aria-hidden />
              {words.upload}
            </Link>
            <Link to="/jobs/new" className={buttonClass("primary")}>
              <SquarePlay size={15} aria-hidden />
              {words.newJob}
            </Link>
          </>
        }
      />
      {failed && <Failed error={failed.error} retry={() => void failed.refetch()} />}
      <div className={style.body}>
        <div className="stack stack-lg">
          {!all && !failed && <Skeleton rows={8} height={22} label={common.loading} />}
          {all && <Start {...all} />}
          {all && <Running jobs={all.jobs} />}
          {all && <Jobs jobs={all.jobs} />}
        </div>
        <div className="stack stack-lg">
          <Query of={usage} rows={4}>
            {(data) => <Month usage={data} />}
          </Query>
          {all && <Files files={all.files} />}
        </div>
      </div>
    </div>
  );
}
