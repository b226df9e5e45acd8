import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { idOf } from "@/api/client";
import { q } from "@/api/queries";
import { n, when } from "@/lib/format";
import { Query } from "@/parts/Query";
import { Badge } from "@/ui/Badge";
import { Dialog } from "@/ui/Dialog";
import { keys as words } from "@/words/settings";

export function KeyUses({ id, label, onClose }: { id: string; label: string; onClose: () => void }) {
  const uses = useQuery(q.keyUses(id));
  return (
    <Dialog open onClose={onClose} title={words.usesTitle(label)} wide>
      <p className="sm muted">{words.usesText}</p>
      <Query of={uses} rows={4}>
        {({ uses: list }) =>
          list.length ? (
            <div className="table-wrap">
              <table className="table">
                <thead>
                  <tr>
                    <th scope="col">{words.job}</th>
                    <th scope="col">{words.outcome}</th>
                    <th scope="col" className="right">
                      {words.times}
                    </th>
                    <th scope="col">{words.from}</th>
                  </tr>
                </thead>
                <tbody>
                  {list.map((use) => (
                    <tr key={`${use.job} ${use.start_time} ${use.outcome}`}>
                      <td className="mono">
                        {use.job ? (
                          <Link to="/jobs/$id" params={{ id: idOf(use.job) }}>
                            {idOf(use.job).slice(0, 8)}
                          </Link>
                        ) : (
                          words.test
                        )}
                      </td>
                      <td>
                        <Badge kind={use.outcome === "RELEASED" ? "good" : "warn"}>
                          {use.outcome === "RELEASED" ? words.released : words.refused}
                        </Badge>{" "}
                        <span className="xs muted">{use.reason}</span>
                      </td>
                      <td className="right num">{n(use.count)}</td>
                      <td className="dim">{when(use.start_time)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p className="muted">{words.noUses}</p>
          )
        }
      </Query>
    </Dialog>
  );
}
