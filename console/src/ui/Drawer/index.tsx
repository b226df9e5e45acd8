import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { type ReactNode, useRef } from "react";
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
  const popup = useRef<HTMLDivElement>(null);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()} modal={false} disablePointerDismissal>
      <Base.Portal>
        {/* The focus goes to the whole, which is named by its title, not to whatever button comes first. */}
        <Base.Popup ref={popup} initialFocus={popup} className={style.drawer}>
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
