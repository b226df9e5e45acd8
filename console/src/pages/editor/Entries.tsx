import { useState } from "react";
import type { Ids } from "@/ui/Field";
import { Input } from "@/ui/Field";

/** A whole number; empty for 0, which means "not set" to the server. */
export function Count({
  value,
  most,
  onChange,
  ...ids
}: Ids & { value: number; most: number; onChange: (value: number) => void }) {
  return (
    <Input
      {...ids}
      inputMode="numeric"
      value={value || ""}
      onChange={(event) => onChange(Math.min(most, Number(event.target.value.replace(/\D/g, "")) || 0))}
    />
  );
}

/** A list between commas. What is typed stays as it is until the field is left, so that a comma can be typed at all. */
export function CommaList({
  value,
  split,
  onChange,
  ...ids
}: Ids & {
  value: readonly string[];
  split: (text: string) => string[];
  onChange: (value: string[]) => void;
}) {
  const [text, setText] = useState<string>();
  return (
    <Input
      {...ids}
      value={text ?? value.join(", ")}
      onChange={(event) => {
        setText(event.target.value);
        onChange(split(event.target.value));
      }}
      onBlur={() => setText(undefined)}
    />
  );
}
