import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Copy, Ellipsis, Play, Trash2 } from "lucide-react";
import { api, idOf, ok, type Template } from "@/api/client";
import { q } from "@/api/queries";
import { ago, when } from "@/lib/format";
import { outputColumns } from "@/lib/outputs";
import { Failed } from "@/parts/Failed";
import { Variables } from "@/parts/Variables";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { toast } from "@/ui/Toast";
import { templates as words } from "@/words/templates";
import styles from "./templates.module.css";

export function TemplateTable({
  list,
  onRemove,
}: {
  list: Template[];
  onRemove: (template: Template) => void;
}) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const copy = useMutation({
    mutationFn: (template: Template) =>
      ok(
        api.POST("/v1/templates/{template}:duplicate", {
          params: { path: { template: idOf(template.name) } },
          body: {},
        }),
      ),
    onSuccess: () => {
      toast({ title: words.duplicated });
      return queries.invalidateQueries({ queryKey: q.templates.queryKey });
    },
  });
  return (
    <>
      {copy.error && (
        <div className="card-pad">
          <Failed error={copy.error} />
        </div>
      )}
      <div className="table-wrap">
        <table className="table">
          <caption className="sr">{words.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{words.columns.name}</th>
              <th scope="col" className={styles.wide}>
                {words.columns.variables}
              </th>
              <th scope="col" className={styles.middle}>
                {words.columns.output}
              </th>
              <th scope="col" className={styles.wide}>
                {words.columns.model}
              </th>
              <th scope="col" className={styles.middle}>
                {words.columns.changed}
              </th>
              <th scope="col">
                <span className="sr">{words.columns.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((template) => (
              <tr key={template.name}>
                <td className={styles.name}>
                  <Link to="/templates/$id" params={{ id: idOf(template.name) }} className={styles.link}>
                    <bdi>{template.display_name}</bdi>
                  </Link>
                  <div className="xs muted clip">{template.category}</div>
                </td>
                <td className={styles.wide}>
                  <Variables prompt={template.prompt} most={5} none={words.noColumns} more={words.more} />
                </td>
                <td className={styles.middle}>
                  <div className={styles.output}>
                    <bdi>{outputColumns(template.output_column, template.json_schema).join(", ")}</bdi>
                  </div>
                </td>
                <td className={`dim ${styles.wide} ${styles.line}`}>{template.model}</td>
                <td className={`dim ${styles.middle} ${styles.line}`} title={when(template.update_time)}>
                  {ago(template.update_time)}
                </td>
                <td className="right">
                  <Menu
                    label={words.actionsFor(template.display_name)}
                    trigger={<Ellipsis size={16} aria-hidden />}
                  >
                    <MenuItem
                      icon={<Play size={15} aria-hidden />}
                      onClick={() =>
                        void navigate({ to: "/jobs/new", search: { template: idOf(template.name) } })
                      }
                    >
                      {words.use}
                    </MenuItem>
                    <MenuItem icon={<Copy size={15} aria-hidden />} onClick={() => copy.mutate(template)}>
                      {words.duplicate}
                    </MenuItem>
                    <MenuSeparator />
                    <MenuItem
                      danger
                      icon={<Trash2 size={15} aria-hidden />}
                      onClick={() => onRemove(template)}
                    >
                      {words.remove}
                    </MenuItem>
                  </Menu>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
