import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { buttonClass } from "../Button";
import style from "./Drawer.module.css";

type DrawerProps = {
  open: boolean;
  onClose: () => void;
  title: ReactNode;
  /** Stands at the right of the title, such as arrows to the next row. */
  actions?: ReactNode;
  children: ReactNode;
  closeLabel?: string;
};

/** Shows one item beside its list, which stays usable. */
export function Drawer({ open, onClose, title, actions, children, closeLabel = "Close" }: DrawerProps) {
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} modal={false} disablePointerDismissal>
      <Base.Portal>
        <Base.Popup className={style.drawer}>
          <div className={style.head}>
            <Base.Title className={style.title}>{title}</Base.Title>
            <span className="row">
              {actions}
              <Base.Close className={buttonClass("quiet", { lone: true })} aria-label={closeLabel}>
                <X size={16} aria-hidden />
              </Base.Close>
            </span>
          </div>
          <div className={style.body}>{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
