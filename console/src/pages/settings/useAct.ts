import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "@/ui/Toast";

type More<Result, Input> = { key: QueryKey; done?: string; onDone?: (result: Result, input: Input) => void };

/** Something that changes a list: the list is asked for again, and what was done is said. */
export function useAct<Result, Input = void>(
  act: (input: Input) => Promise<Result>,
  more: More<Result, Input>,
) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async (result, input) => {
      if (more.done) toast({ title: more.done });
      more.onDone?.(result, input);
      await queries.invalidateQueries({ queryKey: more.key });
    },
  });
}
