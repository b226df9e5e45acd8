import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronDown } from "lucide-react";
import { cx } from "@/lib/cx";
import field from "../Field/Field.module.css";
import popup from "../Menu/Menu.module.css";
import style from "./Select.module.css";

type SelectProps<Value extends string> = {
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: string; note?: string }[];
  /** Of the field that it stands in; without one, `label` names it. */
  id?: string;
  label?: string;
  /** Small, for the line above a table. */
  small?: boolean;
  disabled?: boolean;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
};

export function Select<Value extends string>({
  value,
  onChange,
  options,
  id,
  label,
  small,
  disabled,
  ...aria
}: SelectProps<Value>) {
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => next !== null && onChange(next as Value)}
      items={options.map((option) => ({ value: option.value, label: option.label }))}
      disabled={disabled}
      {...(id && { id })}
    >
      <Base.Trigger
        className={cx(field.input, style.select, small && style.small)}
        aria-label={label}
        {...aria}
      >
        <Base.Value className={style.value} />
        <Base.Icon className={style.icon}>
          <ChevronDown size={15} aria-hidden />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className={popup.layer} sideOffset={4} alignItemWithTrigger={false}>
          <Base.Popup className={popup.popup}>
            {options.map((option) => (
              <Base.Item key={option.value} value={option.value} className={popup.item}>
                <Base.ItemText>{option.label}</Base.ItemText>
                {option.note && <span className={style.note}>{option.note}</span>}
                <Base.ItemIndicator className={style.tick}>
                  <Check size={14} aria-hidden />
                </Base.ItemIndicator>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
