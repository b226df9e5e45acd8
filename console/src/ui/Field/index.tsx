import { CircleAlert, Check as Tick } from "lucide-react";
import { type ComponentProps, type ReactNode, useId } from "react";
import { cx } from "@/lib/cx";
import style from "./Field.module.css";

/** What a control must carry, so that its label, hint and error are said with it. */
export type Ids = { id: string; "aria-describedby"?: string; "aria-invalid"?: true };

type FieldProps = {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  /** The word beside the label of a field that may stay empty. */
  optional?: string | false;
  children: (ids: Ids) => ReactNode;
};

export function Field({ label, hint, error, optional, children }: FieldProps) {
  const id = useId();
  const described = cx(hint ? `${id}-hint` : "", error ? `${id}-error` : "");
  return (
    <div className={style.field}>
      <label className={style.label} htmlFor={id}>
        {label} {optional && <span className={style.optional}>{optional}</span>}
      </label>
      {children({
        id,
        ...(described && { "aria-describedby": described }),
        ...(error ? { "aria-invalid": true } : {}),
      })}
      {hint && (
        <div className={style.hint} id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {error && (
        <div className={style.error} id={`${id}-error`}>
          <CircleAlert size={13} aria-hidden /> <span>{error}</span>
        </div>
      )}
    </div>
  );
}

export const Input = ({ className, ...rest }: ComponentProps<"input">) => (
  <input className={cx(style.input, className)} {...rest} />
);

export const TextArea = ({ className, ...rest }: ComponentProps<"textarea">) => (
  <textarea className={cx(style.input, style.area, className)} {...rest} />
);

type CheckProps = Omit<ComponentProps<"input">, "onChange" | "type"> & {
  label: ReactNode;
  hint?: ReactNode;
  onChange: (checked: boolean) => void;
};

/** The browser's own box in our clothes: keyboard, labels and contrast themes work as everywhere. */
export function Check({ label, hint, onChange, ...rest }: CheckProps) {
  return (
    <label className={style.choice}>
      <span className={style.box}>
        <input type="checkbox" {...rest} onChange={(event) => onChange(event.target.checked)} />
        <Tick size={12} strokeWidth={3} aria-hidden />
      </span>
      <span>
        {label}
        {hint && <span className={style.hint}>{hint}</span>}
      </span>
    </label>
  );
}

type RadioCardsProps<Value extends string> = {
  label: string;
  value: Value;
  onChange: (value: Value) => void;
  options: readonly { value: Value; label: ReactNode; note?: ReactNode; disabled?: boolean }[];
};

export function RadioCards<Value extends string>({
  label,
  value,
  onChange,
  options,
}: RadioCardsProps<Value>) {
  const name = useId();
  return (
    <fieldset className={style.cards}>
      <legend className="sr">{label}</legend>
      {options.map((option) => (
        <label key={option.value} className={style.card}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled}
            onChange={() => onChange(option.value)}
          />
          <span className={style.words}>
            <span className={style.name}>{option.label}</span>
            {option.note && <span className={style.hint}>{option.note}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
