import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Copy } from "lucide-react";
import { api, idOf, ok, type Template } from "@/api/client";
import { q } from "@/api/queries";
import { outputColumns } from "@/lib/outputs";
import { pieces } from "@/lib/prompt";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Query } from "@/parts/Query";
import { Button } from "@/ui/Button";
import { toast } from "@/ui/Toast";
import { templates as words } from "@/words/templates";
import styles from "./library.module.css";

/** Templates to start from, read-only. */
export function Library() {
  const library = useQuery(q.library);
  const navigate = useNavigate();
  const queries = useQueryClient();
  const take = useMutation({
    mutationFn: (template: Template) =>
      ok(
        api.POST("/v1/libraryTemplates/{library_template}:duplicate", {
          params: { path: { library_template: idOf(template.name) } },
          body: { display_name: template.display_name },
        }),
      ),
    onSuccess: (made) => {
      toast({ title: words.copied(made.display_name) });
      void queries.invalidateQueries({ queryKey: q.templates.queryKey });
      return navigate({ to: "/templates/$id", params: { id: idOf(made.name) } });
    },
  });
  return (
    <div className="page">
      <PageHead title={words.library}>{words.libraryIntro}</PageHead>
      {take.error && <Failed error={take.error} />}
      <Query of={library} rows={8}>
        {({ library_templates: all }) => (
          <div className="stack stack-lg">
            {[...new Set(all.map((template) => template.category))].map((category) => (
              <section key={category} className={styles.group} aria-label={category}>
                <h2>{category}</h2>
                <ul className={styles.cards}>
                  {all
                    .filter((template) => template.category === category)
                    .map((template) => (
                      <Card
                        key={template.name}
                        template={template}
                        busy={take.isPending && take.variables.name === template.name}
                        onTake={() => take.mutate(template)}
                      />
                    ))}
                </ul>
              </section>
            ))}
          </div>
        )}
      </Query>
    </div>
  );
}

function Card({ template, busy, onTake }: { template: Template; busy: boolean; onTake: () => void }) {
  return (
    <li className={styles.card}>
      <h3>{template.display_name}</h3>
      <p className={styles.prompt}>
        {pieces(template.prompt, {}).map((piece, at) =>
          piece.kind === "variable" ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text never change places
            <span key={at} className={piece.name.startsWith("$") ? styles.custom : styles.column}>
              {piece.name}
            </span>
          ) : (
            piece.text
          ),
        )}
      </p>
      <div className={styles.foot}>
        <span className="xs muted">
          {words.fills(outputColumns(template.output_column, template.json_schema))}
        </span>
        <Button
          icon={<Copy size={14} aria-hidden />}
          busy={busy}
          onClick={onTake}
          aria-label={`${words.take}: ${template.display_name}`}
        >
          {words.take}
        </Button>
      </div>
    </li>
  );
}
