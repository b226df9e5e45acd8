/** The frame around every page of somebody who is signed in. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useSyncExternalStore } from "react";
import { q } from "@/api/queries";
import { Note } from "@/ui/Note";
import { Toasts } from "@/ui/Toast";
import { common } from "@/words/common";
import { shell } from "@/words/shell";
import { Account } from "./Account";
import { Nav } from "./Nav";
import { Brand, Sheet } from "./Sheet";
import style from "./shell.module.css";

export function Shell() {
  const online = useOnline();
  const me = useQuery(q.me);
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
          <Nav />
          <Account />
        </header>
        <div className={style.content}>
          <header className={style.top}>
            <Sheet />
            <Brand />
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
