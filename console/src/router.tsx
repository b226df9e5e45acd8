/** Every address of the console, and what its search parameters may be. Pages are loaded when they are gone to. */
import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from "@tanstack/react-router";
import { Broken, NotFound } from "./parts/Broken";

type Search = Record<string, unknown>;

const root = createRootRouteWithContext<{ queries: QueryClient }>()({ component: Outlet });

/** Somewhere on this site: begins with one slash, so that no link leads elsewhere after signing in. */
const isOurs = (address: unknown): address is string =>
  typeof address === "string" && /^\/(?![/\\])/.test(address);

const text = <Name extends string>(search: Search, ...names: Name[]): { [Key in Name]?: string } =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = search[name];
      return typeof value === "string" || typeof value === "number" ? [[name, String(value)]] : [];
    }),
  ) as { [Key in Name]?: string };

const afterGate = (search: Search): { next?: string; why?: "ended" } => ({
  ...(isOurs(search.next) && { next: search.next }),
  ...(search.why === "ended" && { why: search.why }),
});

const gates = () => import("./pages/gate");
const gate = <Path extends string>(path: Path, name: "SignIn" | "Register" | "Forgot" | "Reset" | "Verify") =>
  createRoute({
    getParentRoute: () => root,
    path,
    component: lazyRouteComponent(gates, name),
    validateSearch: afterGate,
  });

const app = createRoute({
  getParentRoute: () => root,
  id: "app",
  component: lazyRouteComponent(() => import("./shell"), "Shell"),
});

const tree = root.addChildren([
  gate("/sign-in", "SignIn"),
  gate("/register", "Register"),
  gate("/forgot-password", "Forgot"),
  gate("/reset-password", "Reset"),
  gate("/verify-email", "Verify"),
  app.addChildren([
    createRoute({
      getParentRoute: () => app,
      path: "/",
      component: lazyRouteComponent(() => import("./pages/home"), "Home"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/files",
      component: lazyRouteComponent(() => import("./pages/files"), "Files"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/files/$id",
      component: lazyRouteComponent(() => import("./pages/file"), "FilePage"),
      validateSearch: (search: Search): { show?: "columns" } =>
        search.show === "columns" ? { show: "columns" } : {},
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/templates",
      component: lazyRouteComponent(() => import("./pages/templates"), "Templates"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/templates/$id",
      component: lazyRouteComponent(() => import("./pages/editor"), "Editor"),
      validateSearch: (search: Search) => text(search, "file", "category"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/library",
      component: lazyRouteComponent(() => import("./pages/library"), "Library"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/jobs",
      component: lazyRouteComponent(() => import("./pages/jobs"), "Jobs"),
      validateSearch: (search: Search) => text(search, "state", "file"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/jobs/new",
      component: lazyRouteComponent(() => import("./pages/wizard"), "Wizard"),
      validateSearch: (search: Search) => text(search, "file", "template", "templates"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/jobs/$id",
      component: lazyRouteComponent(() => import("./pages/job"), "JobPage"),
      validateSearch: (search: Search): { filter?: string; row?: number } => {
        const row = Number(search.row);
        return { ...text(search, "filter"), ...(Number.isSafeInteger(row) && row > 0 && { row }) };
      },
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/usage",
      component: lazyRouteComponent(() => import("./pages/usage"), "UsagePage"),
      validateSearch: (search: Search) => text(search, "month"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/settings/$tab",
      component: lazyRouteComponent(() => import("./pages/settings"), "Settings"),
    }),
    createRoute({
      getParentRoute: () => app,
      path: "/settings",
      component: lazyRouteComponent(() => import("./pages/settings"), "SettingsStart"),
    }),
  ]),
]);

export const makeRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    scrollRestoration: true,
    defaultErrorComponent: Broken,
    defaultNotFoundComponent: NotFound,
  });

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
