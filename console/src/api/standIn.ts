/** The local stack's stand-in provider as a key: everything can be tried, and nothing has to be pasted. */
import { useQueryClient } from "@tanstack/react-query";
import { api, idOf, ok } from "./client";
import { q } from "./queries";

/** It takes any secret; one that cannot be mistaken for a real one. */
const SECRET = "stand-in-needs-no-secret";

/** Options of a mutation that stores it as a key and makes that the active one. */
export function useStandIn(label: string) {
  const queries = useQueryClient();
  return {
    mutationFn: async () => {
      const { stand_in_provider } = await queries.ensureQueryData(q.installation);
      if (!stand_in_provider) throw new Error("There is no stand-in provider here");
      const body = { secret: SECRET, label, base_url: stand_in_provider.base_url };
      const key = await ok(api.POST("/v1/apiKeys", { body }));
      if (key.active) return;
      await ok(api.POST("/v1/apiKeys/{api_key}:activate", { params: { path: { api_key: idOf(key.name) } } }));
    },
  };
}
