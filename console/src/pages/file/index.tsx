import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Download, Ellipsis, SquarePlay, Trash2 } from "lucide-react";
import { useState } from "react";
import { api, type DataFile, type FileProfile, ok } from "@/api/client";
import { ApiError } from "@/api/errors";
import { q } from "@/api/queries";
import { ago, bytes } from "@/lib/format";
import { NotFound } from "@/parts/Broken";
import { DeleteFile } from "@/parts/DeleteFile";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Query } from "@/parts/Query";
import { Button, buttonClass } from "@/ui/Button";
import { Menu, MenuItem } from "@/ui/Menu";
import { Note } from "@/ui/Note";
import { Tabs } from "@/ui/Tabs";
import { common } from "@/words/common";
import { files as listWords, file as words } from "@/words/files";
import { Columns } from "./Columns";
import style from "./file.module.css";
import { Quality } from "./Quality";
import { ReadAs } from "./ReadAs";
import { Rows } from "./Rows";

export function FilePage() {
  const { id } = useParams({ from: "/app/files/$id" });
  const file = useQuery(q.file(id));
  if (file.error instanceof ApiError && file.error.status === 404) return <NotFound />;
  return (
    <div className="page page-wide">
      <Query of={file} rows={8}>
        {(data) => <Loaded file={data} id={id} />}
      </Query>
    </div>
  );
}

function Loaded({ file, id }: { file: DataFile; id: string }) {
  const { show } = useSearch({ from: "/app/files/$id" });
  const navigate = useNavigate();
  const profile = useQuery(q.profile(id));
  const [deleting, setDeleting] = useState(false);
  return (
    <>
      <PageHead
        title={<span dir="auto">{file.display_name}</span>}
        tab={file.display_name}
        crumbs={<Link to="/files">{listWords.title}</Link>}
        actions={
          <>
            <a className={buttonClass("plain")} href={`/v1/files/${id}:download`} download>
              <Download size={15} aria-hidden />
              {words.original}
            </a>
            <Link to="/jobs/new" search={{ file: id }} className={buttonClass("primary")}>
              <SquarePlay size={15} aria-hidden />
              {words.newJob}
            </Link>
            <Menu label={common.actionsFor(file.display_name)} trigger={<Ellipsis size={16} aria-hidden />}>
              <MenuItem danger icon={<Trash2 size={15} aria-hidden />} onClick={() => setDeleting(true)}>
                {listWords.delete}
              </MenuItem>
            </Menu>
          </>
        }
      >
        <span className="num">
          {words.summary(file.row_count, file.columns.length, bytes(file.size_bytes))} ·{" "}
          {words.uploadedAgo(ago(file.create_time))}
        </span>
      </PageHead>
      <ReadAs file={file} />
      <div className={style.body}>
        <div className="stack">
          <Tabs
            label={file.display_name}
            value={show ?? "rows"}
            onChange={(next) =>
              void navigate({
                to: "/files/$id",
                params: { id },
                search: next === "columns" ? { show: next } : {},
                replace: true,
              })
            }
            options={[
              { value: "rows", label: words.rows },
              { value: "columns", label: words.columns },
            ]}
          />
          {show === "columns" ? (
            <Profiled of={profile} id={id}>
              {(data) => <Columns profile={data} />}
            </Profiled>
          ) : (
            <Rows key={file.parse} file={file} />
          )}
        </div>
        <Profiled of={profile} id={id}>
          {(data) => <Quality profile={data} />}
        </Profiled>
      </div>
      {deleting && (
        <DeleteFile
          file={file}
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate({ to: "/files" })}
        />
      )}
    </>
  );
}

type ProfiledProps = {
  of: ReturnType<typeof useQuery<FileProfile>>;
  id: string;
  children: (profile: FileProfile) => React.ReactNode;
};

/** Files of an earlier version have no profile until they are read again. */
function Profiled({ of, id, children }: ProfiledProps) {
  const queries = useQueryClient();
  const read = useMutation({
    mutationFn: () => ok(api.POST("/v1/files/{file}:reparse", { params: { path: { file: id } }, body: {} })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["files", id] }),
  });
  if (of.error instanceof ApiError && of.error.reason === "FILE_NOT_PROFILED")
    return (
      <div className="stack stack-sm">
        <Note
          kind="info"
          action={
            <Button look="quiet" busy={read.isPending} onClick={() => read.mutate()}>
              {words.profileAgain}
            </Button>
          }
        >
          {words.profileMissing}
        </Note>
        {read.error && <Failed error={read.error} />}
      </div>
    );
  return (
    <Query of={of} rows={5}>
      {children}
    </Query>
  );
}
