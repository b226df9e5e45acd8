import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Download, Ellipsis, SquarePlay, Trash2 } from "lucide-react";
import { useState } from "react";
import { type DataFile, idOf } from "@/api/client";
import { q } from "@/api/queries";
import { ago, bytes, n, when } from "@/lib/format";
import { DeleteFile } from "@/parts/DeleteFile";
import { Drop } from "@/parts/Drop";
import { PageHead } from "@/parts/PageHead";
import { Query } from "@/parts/Query";
import { Input } from "@/ui/Field";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { common } from "@/words/common";
import { files as words } from "@/words/files";
import style from "./files.module.css";

/** From this many files on, a field to find one is worth its place. */
const MANY = 8;

export function Files() {
  const list = useQuery(q.files);
  const navigate = useNavigate();
  const [deleting, setDeleting] = useState<DataFile | null>(null);
  return (
    <div className="page">
      <PageHead title={words.title}>{words.text}</PageHead>
      <Drop
        small={Boolean(list.data?.files.length)}
        onDone={(file) => void navigate({ to: "/files/$id", params: { id: idOf(file.name) } })}
      />
      <Query of={list} rows={4}>
        {(data) =>
          data.files.length ? (
            <List files={data.files} cut={data.next_page_token !== ""} onDelete={setDeleting} />
          ) : (
            <p className={style.hint}>{words.emptyText}</p>
          )
        }
      </Query>
      {deleting && <DeleteFile file={deleting} onClose={() => setDeleting(null)} />}
    </div>
  );
}

function List({
  files,
  cut,
  onDelete,
}: {
  files: DataFile[];
  cut: boolean;
  onDelete: (file: DataFile) => void;
}) {
  const [wanted, setWanted] = useState("");
  const found = files.filter((file) => file.display_name.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <section className="stack stack-sm">
      {files.length >= MANY && (
        <Input
          className={style.filter}
          type="search"
          data-filter
          aria-label={words.filter}
          placeholder={words.filter}
          value={wanted}
          onChange={(event) => setWanted(event.target.value)}
        />
      )}
      <div className="card">
        <div className="table-wrap">
          <table className="table">
            <caption className="sr">{words.title}</caption>
            <thead>
              <tr>
                <th scope="col">{words.name}</th>
                <th scope="col" className="right">
                  {words.rows}
                </th>
                <th scope="col" className="right">
                  {words.size}
                </th>
                <th scope="col">{words.uploaded}</th>
                <th>
                  <span className="sr">{common.actions}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {found.map((file) => (
                <tr key={file.name}>
                  <td className="main">
                    <Link to="/files/$id" params={{ id: idOf(file.name) }} className={style.name} dir="auto">
                      {file.display_name}
                    </Link>
                  </td>
                  <td className="right num">{n(file.row_count)}</td>
                  <td className="right num dim">{bytes(file.size_bytes)}</td>
                  <td className="dim" title={when(file.create_time)}>
                    {ago(file.create_time)}
                  </td>
                  <td className="right">
                    <Actions file={file} onDelete={() => onDelete(file)} />
                  </td>
                </tr>
              ))}
              {!found.length && (
                <tr>
                  <td colSpan={5} className="dim">
                    {words.noMatch}
                  </td>
                </tr>
              )}
            </tbody>
          </table>
        </div>
      </div>
      {cut && <p className="xs muted">{words.showing(files.length)}</p>}
    </section>
  );
}

function Actions({ file, onDelete }: { file: DataFile; onDelete: () => void }) {
  const id = idOf(file.name);
  return (
    <Menu label={common.actionsFor(file.display_name)} trigger={<Ellipsis size={16} aria-hidden />}>
      <MenuItem
        icon={<SquarePlay size={15} aria-hidden />}
        render={<Link to="/jobs/new" search={{ file: id }} />}
      >
        {words.newJob}
      </MenuItem>
      <MenuItem
        icon={<Download size={15} aria-hidden />}
        render={
          <a href={`/v1/files/${id}:download`} download>
            {words.original}
          </a>
        }
      >
        {words.original}
      </MenuItem>
      <MenuSeparator />
      <MenuItem danger icon={<Trash2 size={15} aria-hidden />} onClick={onDelete}>
        {words.delete}
      </MenuItem>
    </Menu>
  );
}
