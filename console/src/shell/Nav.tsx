import { useQuery } from "@tanstack/react-query";
import { Link, type LinkProps } from "@tanstack/react-router";
import {
  BookOpen,
  ChartNoAxesColumn,
  FileSpreadsheet,
  House,
  KeyRound,
  LayoutTemplate,
  type LucideIcon,
  Settings,
  SquarePlay,
  Webhook,
} from "lucide-react";
import type { ReactNode } from "react";
import { q } from "@/api/queries";
import { Badge } from "@/ui/Badge";
import { shell } from "@/words/shell";
import style from "./shell.module.css";

/** How often the number of running jobs is looked up. */
const LOOK_MS = 15_000;

export function Nav() {
  const jobs = useQuery({ ...q.jobs, refetchInterval: LOOK_MS });
  const live =
    jobs.data?.jobs.filter((job) => job.state === "RUNNING" || job.state === "PENDING").length ?? 0;
  return (
    <nav aria-label={shell.main} className={style.nav}>
      <Place to="/" icon={House} exact>
        {shell.home}
      </Place>
      <Place to="/files" icon={FileSpreadsheet}>
        {shell.files}
      </Place>
      <Place to="/templates" icon={LayoutTemplate}>
        {shell.templates}
      </Place>
      <Place to="/library" icon={BookOpen}>
        {shell.library}
      </Place>
      <Place to="/jobs" icon={SquarePlay}>
        {shell.jobs}
        {live > 0 && (
          <span className={style.count}>
            <Badge kind="live">
              <span aria-hidden>{live}</span>
              <span className="sr">{shell.running(live)}</span>
            </Badge>
          </span>
        )}
      </Place>
      <h2 className={style.group}>{shell.account}</h2>
      <Place to="/settings/$tab" params={{ tab: "api-keys" }} icon={KeyRound}>
        {shell.apiKeys}
      </Place>
      <Place to="/usage" icon={ChartNoAxesColumn}>
        {shell.usage}
      </Place>
      <Place to="/settings/$tab" params={{ tab: "webhooks" }} icon={Webhook}>
        {shell.webhooks}
      </Place>
      <Place to="/settings/$tab" params={{ tab: "account" }} icon={Settings}>
        {shell.settings}
      </Place>
    </nav>
  );
}

type PlaceProps = Pick<LinkProps, "to" | "params"> & {
  icon: LucideIcon;
  exact?: boolean;
  children: ReactNode;
};

const Place = ({ icon: Icon, exact, children, ...to }: PlaceProps) => (
  <Link {...to} className={style.place} activeOptions={{ exact: Boolean(exact) }}>
    <Icon size={16} aria-hidden />
    {children}
  </Link>
);
