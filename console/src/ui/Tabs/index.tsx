import type { ReactNode } from "react";
import style from "./Tabs.module.css";

/** For links that look like tabs: each is a place of its own. */
export const tabClass = style.tab;
export const TabLinks = ({ label, children }: { label: string; children: ReactNode }) => (
  <nav className={style.tabs} aria-label={label}>
    {children}
  </nav>
);

type TabsProps<Value extends string> = {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: ReactNode }[];
};

/** Views of one thing; what they show stands right after them. */
export const Tabs = <Value extends string>({ label, value, onChange, options }: TabsProps<Value>) => (
  // biome-ignore lint/a11y/useSemanticElements: a fieldset would need a legend of its own line.
  <div className={style.tabs} role="group" aria-label={label}>
    {options.map((option) => (
      <button
        key={option.value}
        type="button"
        className={style.tab}
        aria-pressed={option.value === value}
        onClick={() => onChange(option.value)}
      >
        {option.label}
      </button>
    ))}
  </div>
);
