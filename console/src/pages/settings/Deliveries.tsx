import { useQuery } from "@tanstack/react-query";
import { api, idOf, ok } from "@/api/client";
import { q } from "@/api/queries";
import { ago, n, when } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Query } from "@/parts/Query";
import { State } from "@/parts/State";
import { Button } from "@/ui/Button";
import { common } from "@/words/common";
import { webhooks as words } from "@/words/settings";
import { Section } from "./Section";
import { useAct } from "./useAct";

const LOOK_MS = 3000;

/** What was sent to one address, and what it answered; looked at again while something waits. */
export function Deliveries({ id, name }: { id: string; name: string }) {
  const query = q.deliveries(id);
  const list = useQuery({
    ...query,
    refetchInterval: ({ state }) => state.data?.deliveries.some((one) => one.state === "PENDING") && LOOK_MS,
  });
  const again = useAct(
    (delivery: string) =>
      ok(
        api.POST("/v1/webhookDeliveries/{webhook_delivery}:redeliver", {
          params: { path: { webhook_delivery: idOf(delivery) } },
          body: {},
        }),
      ),
    { key: query.queryKey, done: words.redelivered },
  );
  return (
    <Section title={words.deliveriesOf(name)} text={words.deliveriesText}>
      {again.error && (
        <div className="card-pad">
          <Failed error={again.error} />
        </div>
      )}
      <Query of={list} rows={3}>
        {({ deliveries }) =>
          deliveries.length ? (
            <div className="table-wrap">
              <table className="table">
                <caption className="sr">{words.deliveries}</caption>
                <thead>
                  <tr>
                    <th scope="col">{words.event}</th>
                    <th scope="col">{words.state}</th>
                    <th scope="col" className="right">
                      {words.attempts}
                    </th>
                    <th scope="col">{words.answer}</th>
                    <th scope="col">{words.time}</th>
                    <th>
                      <span className="sr">{common.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {deliveries.map((one) => (
                    <tr key={one.name}>
                      <td className="mono">{one.event}</td>
                      <td>
                        <State of={one.state} />
                      </td>
                      <td className="right num">{n(one.attempts)}</td>
                      <td className="dim num">{one.status_code || one.reason || "–"}</td>
                      <td className="dim" title={when(one.create_time)}>
                        {ago(one.create_time)}
                      </td>
                      <td className="right">
                        {one.state !== "PENDING" && (
                          <Button
                            look="quiet"
                            busy={again.isPending && again.variables === one.name}
                            onClick={() => again.mutate(one.name)}
                          >
                            {words.redeliver}
                          </Button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          ) : (
            <p className="card-pad sm muted">{words.noDeliveries}</p>
          )
        }
      </Query>
    </Section>
  );
}
