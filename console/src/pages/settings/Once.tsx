import { Check, Copy } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/ui/Button";
import { Field, Input } from "@/ui/Field";
import { Note } from "@/ui/Note";
import { common } from "@/words/common";
import { settings as words } from "@/words/settings";
import style from "./settings.module.css";

/** A secret that is shown once. */
export function Once({ label, value }: { label: string; value: string }) {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const field = useRef<HTMLInputElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value);
      setCopied("yes");
    } catch {
      field.current?.select();
      setCopied("failed");
    }
  };
  return (
    <>
      <Note kind="warn">{words.once}</Note>
      <div className={style.once}>
        <Field label={label} hint={copied === "failed" && words.copyFailed}>
          {(ids) => (
            <Input
              {...ids}
              ref={field}
              className="mono"
              readOnly
              value={value}
              onFocus={(e) => e.target.select()}
            />
          )}
        </Field>
        <Button
          icon={copied === "yes" ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />}
          onClick={() => void copy()}
        >
          {copied === "yes" ? common.copied : common.copy}
        </Button>
      </div>
    </>
  );
}
