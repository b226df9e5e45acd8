import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";

/** What can be done with the answers of a row without asking the model. */
export function useRowActs(job: string, row: number) {
  const queries = useQueryClient();
  const onSuccess = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: ["jobs", job, "rows"] }),
      // Its flags may have changed, and they are counted.
      queries.invalidateQueries({ queryKey: q.job(job).queryKey, exact: true }),
    ]);
  return {
    restore: useMutation({
      mutationFn: (fixed: boolean) =>
        ok(api.POST("/v1/jobs/{job}:restoreAnswers", { params: { path: { job } }, body: { row, fixed } })),
      onSuccess,
    }),
    edit: useMutation({
      mutationFn: (outputs: Record<string, string>) =>
        ok(api.PATCH("/v1/jobs/{job}/rows/{row}", { params: { path: { job, row } }, body: { outputs } })),
      onSuccess,
    }),
  };
}
export type RowActs = ReturnType<typeof useRowActs>;
