import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { buttonClass } from "../Button";
import style from "./Dialog.module.css";

type DialogProps = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
  wide?: boolean;
  closeLabel?: string;
};

/** Asks before something happens. The focus goes back to what opened it. */
export function Dialog({ open, onClose, title, children, foot, wide, closeLabel = "Close" }: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={style.backdrop} />
        <Base.Popup className={cx(style.dialog, wide && style.wide)}>
          <div className={style.head}>
            <Base.Title className={style.title}>{title}</Base.Title>
            <Base.Close className={buttonClass("quiet", { lone: true })} aria-label={closeLabel}>
              <X size={16} aria-hidden />
            </Base.Close>
          </div>
          <div className={style.body}>{children}</div>
          {foot && <div className={style.foot}>{foot}</div>}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
