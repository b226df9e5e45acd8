import { Dialog } from "@base-ui/react/dialog";
import { Link, useLocation } from "@tanstack/react-router";
import { Menu } from "lucide-react";
import { useEffect, useState } from "react";
import { buttonClass } from "@/ui/Button";
import { common } from "@/words/common";
import { shell } from "@/words/shell";
import { Account } from "./Account";
import { Nav } from "./Nav";
import style from "./shell.module.css";

export const Brand = () => (
  <Link to="/" className={style.brand}>
    <img src="/console/smelt.svg" alt="" width={24} height={24} />
    {common.brand}
  </Link>
);

/** The navigation of small screens. */
export function Sheet({ onHelp }: { onHelp: () => void }) {
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  // biome-ignore lint/correctness/useExhaustiveDependencies: it closes when the page changes.
  useEffect(() => setOpen(false), [pathname]);
  return (
    <Dialog.Root open={open} onOpenChange={setOpen}>
      <Dialog.Trigger className={buttonClass("quiet", { lone: true })} aria-label={shell.menu}>
        <Menu size={18} aria-hidden />
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className={style.shade} />
        <Dialog.Popup className={style.sheet}>
          <Dialog.Title className="sr">{shell.menu}</Dialog.Title>
          <Brand />
          <Nav />
          <Account onHelp={onHelp} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
