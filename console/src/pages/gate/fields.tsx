import { Check, Circle, Eye, EyeOff } from "lucide-react";
import { type ComponentProps, useId, useState } from "react";
import { cx } from "@/lib/cx";
import { brokenRules } from "@/lib/password";
import { Button } from "@/ui/Button";
import { Field, Input } from "@/ui/Field";
import { gate as words } from "@/words/gate";
import style from "./gate.module.css";

type InputProps = { value: string; onChange: (value: string) => void; error?: string | undefined };

export const EmailField = ({ value, onChange, error, ...rest }: InputProps & { autoFocus?: boolean }) => (
  <Field label={words.email} error={error}>
    {(ids) => (
      <Input
        {...ids}
        {...rest}
        className={style.input}
        type="email"
        name="email"
        autoComplete="username"
        inputMode="email"
        spellCheck={false}
        autoCapitalize="none"
        required
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    )}
  </Field>
);

type PasswordProps = InputProps &
  Pick<ComponentProps<"input">, "autoFocus"> & { isNew?: boolean; email?: string };

/** Can be shown and pasted into; a new one says which rules it keeps while it is typed. */
export function PasswordField({ value, onChange, error, isNew, email = "", autoFocus }: PasswordProps) {
  const [shown, setShown] = useState(false);
  const rules = useId();
  return (
    <>
      <Field label={isNew ? words.newPassword : words.password} error={error}>
        {(ids) => (
          <div className={style.secret}>
            <Input
              {...ids}
              aria-describedby={cx(ids["aria-describedby"], isNew && rules)}
              className={style.input}
              type={shown ? "text" : "password"}
              name="password"
              autoComplete={isNew ? "new-password" : "current-password"}
              spellCheck={false}
              autoCapitalize="none"
              required
              autoFocus={autoFocus}
              value={value}
              onChange={(event) => onChange(event.target.value)}
            />
            <Button
              look="quiet"
              className={style.eye}
              aria-label={shown ? words.hide : words.show}
              aria-pressed={shown}
              icon={shown ? <EyeOff size={16} aria-hidden /> : <Eye size={16} aria-hidden />}
              onClick={() => setShown(!shown)}
            />
          </div>
        )}
      </Field>
      {isNew && <Rules id={rules} password={value} email={email} />}
    </>
  );
}

function Rules({ id, password, email }: { id: string; password: string; email: string }) {
  const broken = brokenRules(password, email);
  const kept = (rule: "long" | "own") => password !== "" && !broken.includes(rule);
  return (
    <ul id={id} className={style.rules} aria-label={words.rules.label}>
      <Rule kept={kept("long")}>{words.rules.long([...password].length)}</Rule>
      <Rule kept={kept("own")}>{words.rules.own}</Rule>
      <Rule>{words.rules.common}</Rule>
    </ul>
  );
}

const Rule = ({ kept, children }: { kept?: boolean; children: string }) => (
  <li className={kept ? style.kept : undefined}>
    {kept ? <Check size={13} aria-hidden /> : <Circle size={7} aria-hidden />}
    {children}
  </li>
);
