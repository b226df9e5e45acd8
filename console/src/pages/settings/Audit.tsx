import { useInfiniteQuery } from "@tanstack/react-query";
import { api, ok } from "@/api/client";
import { when } from "@/lib/format";
import { Failed } from "@/parts/Failed";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { audit as words } from "@/words/settings";
import { Section } from "./Section";
import style from "./settings.module.css";

const PAGE = 50;
const sentence = (action: string) => {
  const text = action.replace(/[._]/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

export default function Audit() {
  const list = useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: "",
    queryFn: ({ pageParam }) =>
      ok(api.GET("/v1/auditEvents", { params: { query: { page_size: PAGE, page_token: pageParam } } })),
    getNextPageParam: (page) => page.next_page_token || undefined,
  });
  const events = list.data?.pages.flatMap((page) => page.audit_events) ?? [];
  return (
    <Section title={words.title} text={words.text}>
      {list.error && (
        <div className="card-pad">
          <Failed error={list.error} retry={() => void list.refetch()} />
        </div>
      )}
      {list.isPending && <Skeleton rows={8} label={common.loading} />}
      {list.data && (
        <div className="table-wrap">
          <table className="table">
            <caption className="sr">{words.title}</caption>
            <thead>
              <tr>
                <th scope="col">{words.time}</th>
                <th scope="col">{words.what}</th>
                <th scope="col">{words.outcome}</th>
                <th scope="col">{words.to}</th>
                <th scope="col">{words.from}</th>
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <tr key={event.name}>
                  <td className={`dim num ${style.nowrap}`}>{when(event.time)}</td>
                  <td className="main">{sentence(event.action)}</td>
                  <td>
                    <Badge kind={event.outcome === "ok" ? "good" : "bad"}>
                      {event.outcome === "ok" ? words.ok : event.outcome}
                    </Badge>
                  </td>
                  <td className={`mono dim ${style.long}`}>{event.object}</td>
                  <td className="dim num">{event.automatic ? words.automatic : event.client_address}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.hasNextPage && (
        <div className="card-pad">
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {words.older}
          </Button>
        </div>
      )}
    </Section>
  );
}
