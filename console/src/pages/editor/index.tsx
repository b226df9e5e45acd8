import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { q } from "@/api/queries";
import { draftOf, FRESH } from "@/lib/draft";
import { Query } from "@/parts/Query";
import { Form } from "./Form";

/** One template: `/templates/new` or a stored one. */
export function Editor() {
  const { id } = useParams({ strict: false }) as { id: string };
  const isNew = id === "new";
  const stored = useQuery({ ...q.template(id), enabled: !isNew });
  if (isNew) return <Form key="new" id={undefined} start={FRESH} warnings={[]} />;
  return (
    <Query of={stored} rows={10}>
      {(template) => <Form key={id} id={id} start={draftOf(template)} warnings={template.warnings} />}
    </Query>
  );
}
