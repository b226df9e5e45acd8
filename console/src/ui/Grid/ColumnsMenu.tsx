import { Menu as Base } from "@base-ui/react/menu";
import { Check, Columns3 } from "lucide-react";
import { buttonClass } from "../Button";
import popup from "../Menu/Menu.module.css";
import type { GridLabels } from ".";
import type { Shape } from "./columns";
import style from "./Grid.module.css";

/** Which columns are shown. The first one always is. */
export function ColumnsMenu({ shape, labels }: { shape: Shape; labels: GridLabels }) {
  const others = shape.all.slice(1);
  if (others.length < 2) return null;
  return (
    <Base.Root>
      <Base.Trigger className={buttonClass("quiet")}>
        <Columns3 size={15} aria-hidden />
        {labels.columns}
        {shape.hidden.size > 0 && (
          <span className="muted num">{labels.shown(shape.shown.length - 1, others.length)}</span>
        )}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={popup.layer} sideOffset={4} align="end">
          <Base.Popup className={popup.popup}>
            {others.map((column) => (
              <Base.CheckboxItem
                key={column.id}
                className={popup.item}
                checked={!shape.hidden.has(column.id)}
                onCheckedChange={() => shape.toggle(column.id)}
                closeOnClick={false}
              >
                <span className={style.tick}>
                  <Base.CheckboxItemIndicator>
                    <Check size={14} aria-hidden />
                  </Base.CheckboxItemIndicator>
                </span>
                <span className="clip">{column.title}</span>
              </Base.CheckboxItem>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
