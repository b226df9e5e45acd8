/** The frame around every page of somebody who is signed in. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { lazy, Suspense, useState, useSyncExternalStore } from "react";
import { q } from "@/api/queries";
import { Button } from "@/ui/Button";
import { Note } from "@/ui/Note";
import { Toasts } from "@/ui/Toast";
import { common } from "@/words/common";
import { shell } from "@/words/shell";
import { Account } from "./Account";
import { Nav } from "./Nav";
import { Brand, Sheet } from "./Sheet";
import style from "./shell.module.css";
import { type Opened, useShortcuts } from "./useShortcuts";

const Palette = lazy(() => import("./Palette").then((module) => ({ default: module.Palette })));
const Help = lazy(() => import("./Help").then((module) => ({ default: module.Help })));
/** What the key is called on the keyboard in front of the person. */
const KEYS = /Mac|iPhone|iPad/.test(navigator.userAgent) ? shell.goToKeysMac : shell.goToKeys;

export function Shell() {
  const online = useOnline();
  const me = useQuery(q.me);
  const [opened, setOpened] = useState<Opened>(null);
  useShortcuts(setOpened);
  return (
    // The pages' policy allows no <style>; scrollbars are hidden by our own styles.
    <CSPProvider disableStyleElements>
      <a className={style.skip} href="#main">
        {shell.skip}
      </a>
      {/* Pages ask their questions at once; nothing shows until it is clear that somebody is signed in. */}
      <div className={style.shell} hidden={me.isPending}>
        <header className={style.side}>
          <Brand />
          <button type="button" className={style.search} onClick={() => setOpened("palette")}>
            <Search size={15} aria-hidden />
            {shell.goTo}
            <kbd>{KEYS}</kbd>
          </button>
          <Nav />
          <Account onHelp={() => setOpened("help")} />
        </header>
        <div className={style.content}>
          <header className={style.top}>
            <Sheet onHelp={() => setOpened("help")} />
            <Brand />
            <Button
              look="quiet"
              className={style.last}
              icon={<Search size={18} aria-hidden />}
              aria-label={shell.goTo}
              onClick={() => setOpened("palette")}
            />
          </header>
          {!online && (
            <div className={style.banner} role="status">
              <Note kind="warn">{shell.offline}</Note>
            </div>
          )}
          <main id="main" tabIndex={-1} className={style.main}>
            <Outlet />
          </main>
        </div>
      </div>
      <Suspense>
        {opened === "palette" && <Palette onClose={() => setOpened(null)} />}
        {opened === "help" && <Help onClose={() => setOpened(null)} />}
      </Suspense>
      <Toasts closeLabel={common.dismiss} />
    </CSPProvider>
  );
}

function useOnline(): boolean {
  return useSyncExternalStore(
    (changed) => {
      addEventListener("online", changed);
      addEventListener("offline", changed);
      return () => {
        removeEventListener("online", changed);
        removeEventListener("offline", changed);
      };
    },
    () => navigator.onLine,
  );
}
