import { Menu as Base } from "@base-ui/react/menu";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { buttonClass } from "../Button";
import style from "./Menu.module.css";

type MenuProps = {
  trigger: ReactNode;
  /** Names a trigger that has no text. */
  label?: string;
  className?: string;
  children: ReactNode;
};

export function Menu({ trigger, label, className, children }: MenuProps) {
  return (
    <Base.Root>
      <Base.Trigger className={className ?? buttonClass("quiet", { lone: true })} aria-label={label}>
        {trigger}
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={style.layer} sideOffset={4} align="end">
          <Base.Popup className={style.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

type ItemProps = ComponentProps<typeof Base.Item> & { danger?: boolean; icon?: ReactNode };

export const MenuItem = ({ danger, icon, children, ...rest }: ItemProps) => (
  <Base.Item {...rest} className={cx(style.item, danger && style.danger)}>
    {icon}
    {children}
  </Base.Item>
);

/** One of several; the chosen one says so. */
export const MenuRadios = <Value extends string>({
  value,
  onChange,
  options,
}: {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: string; icon?: ReactNode }[];
}) => (
  <Base.RadioGroup value={value} onValueChange={(next) => onChange(next as Value)}>
    {options.map((option) => (
      <Base.RadioItem key={option.value} value={option.value} className={style.item} closeOnClick>
        {option.icon}
        {option.label}
        <Base.RadioItemIndicator className={style.dot} />
      </Base.RadioItem>
    ))}
  </Base.RadioGroup>
);

export const MenuSeparator = () => <Base.Separator className={style.separator} />;
