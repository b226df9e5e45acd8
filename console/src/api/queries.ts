/** Every question that pages ask, each with its key in the cache. A list's key is the first part of its items' keys. */
import { queryOptions } from "@tanstack/react-query";
import { api, ok } from "./client";
import { installation } from "./installation";

const MINUTE = 60_000;
/** The pages of a long list that a table shows at once. */
const MANY = { params: { query: { page_size: 200 } } };

export const q = {
  me: queryOptions({ queryKey: ["me"], queryFn: () => ok(api.GET("/v1/users/me")), staleTime: 5 * MINUTE }),
  installation: queryOptions({ queryKey: ["installation"], queryFn: installation, staleTime: Infinity }),

  files: queryOptions({ queryKey: ["files"], queryFn: () => ok(api.GET("/v1/files", MANY)) }),
  file: (file: string) =>
    queryOptions({
      queryKey: ["files", file],
      queryFn: () => ok(api.GET("/v1/files/{file}", { params: { path: { file } } })),
      staleTime: MINUTE,
    }),
  profile: (file: string) =>
    queryOptions({
      queryKey: ["files", file, "profile"],
      queryFn: () => ok(api.GET("/v1/files/{file}/profile", { params: { path: { file } } })),
      staleTime: MINUTE,
    }),
  rows: (file: string, parse: number, first: number, count: number) =>
    queryOptions({
      queryKey: ["files", file, "rows", parse, first, count],
      queryFn: () =>
        ok(api.GET("/v1/files/{file}/rows", { params: { path: { file }, query: { first, count } } })),
      staleTime: 5 * MINUTE,
    }),

  templates: queryOptions({ queryKey: ["templates"], queryFn: () => ok(api.GET("/v1/templates", MANY)) }),
  template: (template: string) =>
    queryOptions({
      queryKey: ["templates", template],
      queryFn: () => ok(api.GET("/v1/templates/{template}", { params: { path: { template } } })),
    }),
  library: queryOptions({
    queryKey: ["library"],
    queryFn: () => ok(api.GET("/v1/libraryTemplates", MANY)),
    staleTime: Infinity,
  }),
  variables: queryOptions({ queryKey: ["variables"], queryFn: () => ok(api.GET("/v1/variables", MANY)) }),
  models: queryOptions({
    queryKey: ["models"],
    queryFn: () => ok(api.GET("/v1/models", MANY)),
    staleTime: Infinity,
  }),

  jobs: queryOptions({ queryKey: ["jobs"], queryFn: () => ok(api.GET("/v1/jobs", MANY)) }),
  job: (job: string) =>
    queryOptions({
      queryKey: ["jobs", job],
      queryFn: () => ok(api.GET("/v1/jobs/{job}", { params: { path: { job } } })),
    }),

  usage: (month?: string) =>
    queryOptions({
      queryKey: ["usage", month ?? "now"],
      queryFn: () => ok(api.GET("/v1/usage", { params: { query: (month ? { month } : {}) as never } })),
    }),

  keys: queryOptions({ queryKey: ["keys"], queryFn: () => ok(api.GET("/v1/apiKeys", MANY)) }),
  keyUses: (api_key: string) =>
    queryOptions({
      queryKey: ["keys", api_key, "uses"],
      queryFn: () =>
        ok(
          api.GET("/v1/apiKeys/{api_key}/uses", { params: { path: { api_key }, query: { page_size: 50 } } }),
        ),
    }),
  webhooks: queryOptions({ queryKey: ["webhooks"], queryFn: () => ok(api.GET("/v1/webhooks", MANY)) }),
  deliveries: (webhook: string) =>
    queryOptions({
      queryKey: ["webhooks", webhook, "deliveries"],
      queryFn: () =>
        ok(
          api.GET("/v1/webhooks/{webhook}/deliveries", {
            params: { path: { webhook }, query: { page_size: 20 } },
          }),
        ),
    }),
  tokens: queryOptions({ queryKey: ["tokens"], queryFn: () => ok(api.GET("/v1/accessTokens", MANY)) }),
  sessions: queryOptions({ queryKey: ["sessions"], queryFn: () => ok(api.GET("/v1/sessions", MANY)) }),
  exports: queryOptions({ queryKey: ["exports"], queryFn: () => ok(api.GET("/v1/dataExports", MANY)) }),
  jobSettings: queryOptions({
    queryKey: ["job-settings"],
    queryFn: () => ok(api.GET("/v1/jobSettings")),
  }),
  fileSettings: queryOptions({
    queryKey: ["file-settings"],
    queryFn: () => ok(api.GET("/v1/fileSettings")),
  }),
};
