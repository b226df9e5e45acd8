import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, Keyboard, LogOut, Moon, Sun, SunMoon } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/client";
import { q } from "@/api/queries";
import { setTheme, theme } from "@/lib/store";
import { Menu, MenuItem, MenuRadios, MenuSeparator } from "@/ui/Menu";
import { toast } from "@/ui/Toast";
import { sentenceOf } from "@/words/reasons";
import { shell } from "@/words/shell";
import style from "./shell.module.css";

/** Who is signed in, the theme, and the way out. */
export function Account({ onHelp }: { onHelp: () => void }) {
  const me = useQuery(q.me);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [look, setLook] = useState(theme);
  const signOut = async () => {
    try {
      await api.DELETE("/v1/sessions/{session}", { params: { path: { session: "current" } } });
    } catch (error) {
      // The session goes on, so the page must not look as if it had ended.
      return toast({ kind: "bad", title: sentenceOf(error) });
    }
    queries.clear();
    return navigate({ to: "/sign-in" });
  };
  const email = me.data?.email ?? "";
  return (
    <div className={style.foot}>
      <Menu
        className={style.place}
        trigger={
          <>
            <span className={style.initial} aria-hidden>
              {email.slice(0, 1).toUpperCase()}
            </span>
            <span className="sr">{shell.account}: </span>
            <span className="clip">{email}</span>
            <ChevronsUpDown size={14} className={style.last} aria-hidden />
          </>
        }
      >
        <MenuRadios
          value={look}
          onChange={(chosen) => {
            setTheme(chosen);
            setLook(chosen);
          }}
          options={[
            { value: "light", label: shell.light, icon: <Sun size={15} aria-hidden /> },
            { value: "dark", label: shell.dark, icon: <Moon size={15} aria-hidden /> },
            { value: "system", label: shell.system, icon: <SunMoon size={15} aria-hidden /> },
          ]}
        />
        <MenuSeparator />
        <MenuItem icon={<Keyboard size={15} aria-hidden />} onClick={onHelp}>
          {shell.shortcuts}
        </MenuItem>
        <MenuItem icon={<LogOut size={15} aria-hidden />} onClick={() => void signOut()}>
          {shell.signOut}
        </MenuItem>
      </Menu>
    </div>
  );
}
