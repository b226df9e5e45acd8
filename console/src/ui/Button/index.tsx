import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import style from "./Button.module.css";

export type Look = "primary" | "plain" | "quiet" | "danger";
type Kind = { look?: Look; large?: boolean; icon?: ReactNode };

/** The same look for what is a link, such as a download. */
export const buttonClass = (look: Look = "plain", more: { large?: boolean; lone?: boolean } = {}): string =>
  cx(style.button, style[look], more.large && style.large, more.lone && style.lone);

/** A button without text needs an `aria-label`. While `busy` it cannot be pressed again, but keeps the focus. */
export function Button({
  look,
  large,
  icon,
  busy,
  children,
  onClick,
  className,
  ...rest
}: ComponentProps<"button"> & Kind & { busy?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={cx(buttonClass(look, { large, lone: Boolean(icon && !children) }), className)}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <LoaderCircle size={15} className={style.turning} aria-hidden /> : icon}
      {children}
    </button>
  );
}
