/** Lists that grow page by page. Their keys begin as those of the whole lists do, so that one change renews both. */
import { infiniteQueryOptions } from "@tanstack/react-query";
import { api, ok } from "./client";

const NEXT = {
  initialPageParam: "",
  getNextPageParam: (page: { next_page_token: string }) => page.next_page_token || undefined,
};

export const pagesOf = {
  templates: infiniteQueryOptions({
    queryKey: ["templates", "pages"],
    queryFn: ({ pageParam }) =>
      ok(api.GET("/v1/templates", { params: { query: { page_size: 100, page_token: pageParam } } })),
    ...NEXT,
  }),
  files: infiniteQueryOptions({
    queryKey: ["files", "pages"],
    queryFn: ({ pageParam }) =>
      ok(api.GET("/v1/files", { params: { query: { page_size: 50, page_token: pageParam } } })),
    ...NEXT,
  }),
  jobs: (filter: string) =>
    infiniteQueryOptions({
      queryKey: ["jobs", "pages", filter],
      queryFn: ({ pageParam }) =>
        ok(api.GET("/v1/jobs", { params: { query: { page_size: 50, page_token: pageParam, filter } } })),
      ...NEXT,
    }),
  /** Rows of a job that a filter lets through, with their own cells. */
  jobRows: (job: string, filter: string) =>
    infiniteQueryOptions({
      queryKey: ["jobs", job, "rows", filter],
      queryFn: ({ pageParam }) =>
        ok(
          api.GET("/v1/jobs/{job}/rows", {
            params: {
              path: { job },
              query: { page_size: 200, page_token: pageParam, filter, with_cells: true },
            },
          }),
        ),
      ...NEXT,
    }),
};
