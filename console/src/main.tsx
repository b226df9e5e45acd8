import "./styles/font.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onSessionEnded } from "./api/client";
import { isPassing } from "./api/errors";
import { q } from "./api/queries";
import { makeRouter } from "./router";

/** How often a question is asked again when the server is not there for a moment. */
const ATTEMPTS = 3;

const queries = new QueryClient({
  defaultOptions: {
    queries: { staleTime: 10_000, retry: (failures, error) => failures < ATTEMPTS && isPassing(error) },
  },
});
const router = makeRouter(queries);

onSessionEnded(() => {
  const { pathname, searchStr } = router.state.location;
  if (GATES.has(pathname)) return;
  const wasSignedIn = queries.getQueryData(q.me.queryKey) !== undefined;
  queries.clear();
  const next = pathname + searchStr;
  void router.navigate({
    to: "/sign-in",
    search: { ...(next !== "/" && { next }), ...(wasSignedIn && { why: "ended" as const }) },
    replace: !wasSignedIn,
  });
});

const GATES = new Set(["/sign-in", "/register", "/forgot-password", "/reset-password", "/verify-email"]);

createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
