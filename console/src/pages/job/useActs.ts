import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { toast } from "@/ui/Toast";
import { asks, drawer } from "@/words/jobs";

export interface Resume {
  api_key?: string;
  max_cost_usd?: string;
  end_economy?: boolean;
}

/** What can be done with a job. Each answer is the job as it is then, which the page shows at once. */
export function useActs(id: string) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const path = { params: { path: { job: id } } };
  const onSuccess = (next: Parameters<typeof queries.setQueryData>[1]) => {
    queries.setQueryData(q.job(id).queryKey, next as never);
    void queries.invalidateQueries({ queryKey: ["jobs", "pages"] });
    void queries.invalidateQueries({ queryKey: ["jobs", id, "rows"] });
  };
  return {
    pause: useMutation({
      mutationFn: () => ok(api.POST("/v1/jobs/{job}:pause", { ...path, body: {} })),
      onSuccess,
    }),
    resume: useMutation({
      mutationFn: (how: Resume) => ok(api.POST("/v1/jobs/{job}:resume", { ...path, body: how })),
      onSuccess,
    }),
    cancel: useMutation({
      mutationFn: () => ok(api.POST("/v1/jobs/{job}:cancel", { ...path, body: {} })),
      onSuccess,
    }),
    retry: useMutation({
      mutationFn: () => ok(api.POST("/v1/jobs/{job}:retryFailed", { ...path, body: {} })),
      onSuccess,
    }),
    regenerate: useMutation({
      mutationFn: (row: number) => ok(api.POST("/v1/jobs/{job}:regenerate", { ...path, body: { row } })),
      onSuccess: (next, row) => {
        onSuccess(next);
        toast({ title: drawer.sent(row) });
      },
    }),
    remove: useMutation({
      mutationFn: () => ok(api.DELETE("/v1/jobs/{job}", path)),
      onSuccess: () => {
        void queries.invalidateQueries({ queryKey: ["jobs", "pages"] });
        toast({ title: asks.remove.done });
        return navigate({ to: "/jobs", search: {} });
      },
    }),
  };
}
export type Acts = ReturnType<typeof useActs>;
