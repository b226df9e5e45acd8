import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { browserOf } from "@/lib/browser";
import { ago, when } from "@/lib/format";
import { Query } from "@/parts/Query";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { common } from "@/words/common";
import { sessions as words } from "@/words/settings";
import { Confirm } from "./Confirm";
import { Section } from "./Section";
import { useAct } from "./useAct";

const KEY = q.sessions.queryKey;

export default function Sessions() {
  const list = useQuery(q.sessions);
  const [asking, setAsking] = useState(false);
  const end = useAct(
    (name: string) => ok(api.DELETE("/v1/sessions/{session}", { params: { path: { session: idOf(name) } } })),
    { key: KEY, done: words.ended },
  );
  const others = useAct(() => ok(api.POST("/v1/sessions:revokeOthers", { body: {} })), {
    key: KEY,
    done: words.othersDone,
  });
  return (
    <Section
      title={words.title}
      text={words.text}
      action={
        (list.data?.sessions.length ?? 0) > 1 && (
          <Button look="danger" onClick={() => setAsking(true)}>
            {words.others}
          </Button>
        )
      }
    >
      <Query of={list} rows={3}>
        {({ sessions }) => (
          <div className="table-wrap">
            <table className="table">
              <caption className="sr">{words.title}</caption>
              <thead>
                <tr>
                  <th scope="col">{words.device}</th>
                  <th scope="col">{words.address}</th>
                  <th scope="col">{words.lastUsed}</th>
                  <th scope="col">{words.signedIn}</th>
                  <th>
                    <span className="sr">{common.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {sessions.map((session) => {
                  const { browser, system } = browserOf(session.device);
                  return (
                    <tr key={session.name}>
                      <td className="main" title={session.device}>
                        {browser && system
                          ? words.on(browser, system)
                          : browser || session.device || words.unknown}{" "}
                        {session.current && <Badge kind="good">{words.thisOne}</Badge>}
                      </td>
                      <td className="dim num">{session.client_address}</td>
                      <td className="dim">{ago(session.last_used_time)}</td>
                      <td className="dim">{when(session.create_time)}</td>
                      <td className="right">
                        {!session.current && (
                          <Button
                            look="quiet"
                            busy={end.isPending && end.variables === session.name}
                            onClick={() => end.mutate(session.name)}
                          >
                            {words.end}
                          </Button>
                        )}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </Query>
      {asking && (
        <Confirm
          title={words.othersTitle}
          text={words.othersText}
          button={words.others}
          keep={common.cancel}
          act={others}
          input={undefined}
          onClose={() => setAsking(false)}
        />
      )}
    </Section>
  );
}
