import { Link, Navigate, useParams } from "@tanstack/react-router";
import { type ComponentType, lazy, Suspense } from "react";
import { NotFound } from "@/parts/Broken";
import { PageHead } from "@/parts/PageHead";
import { Skeleton } from "@/ui/Skeleton";
import { TabLinks, tabClass } from "@/ui/Tabs";
import { common } from "@/words/common";
import { settings as words } from "@/words/settings";

type Tab = keyof typeof words.tabs;

/** Each is loaded when it is gone to. */
const PANES: Readonly<Record<Tab, ComponentType>> = {
  account: lazy(() => import("./Account")),
  "api-keys": lazy(() => import("./Keys")),
  variables: lazy(() => import("./Variables")),
  webhooks: lazy(() => import("./Webhooks")),
  tokens: lazy(() => import("./Tokens")),
  sessions: lazy(() => import("./Sessions")),
  audit: lazy(() => import("./Audit")),
  privacy: lazy(() => import("./Privacy")),
  preferences: lazy(() => import("./Preferences")),
};
const TABS = Object.keys(PANES) as Tab[];

export const SettingsStart = () => <Navigate to="/settings/$tab" params={{ tab: "account" }} replace />;

export function Settings() {
  const { tab } = useParams({ from: "/app/settings/$tab" });
  const shown = TABS.find((each) => each === tab);
  if (!shown) return <NotFound />;
  const Pane = PANES[shown];
  return (
    <div className="page">
      <PageHead key={shown} title={words.title} tab={`${words.tabs[shown]} · ${words.title}`} />
      <TabLinks label={words.title}>
        {TABS.map((each) => (
          <Link key={each} to="/settings/$tab" params={{ tab: each }} className={tabClass}>
            {words.tabs[each]}
          </Link>
        ))}
      </TabLinks>
      <Suspense fallback={<Skeleton rows={6} label={common.loading} />}>
        <Pane />
      </Suspense>
    </div>
  );
}
