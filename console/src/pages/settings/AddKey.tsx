import { useState } from "react";
import { type ApiKey, api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";
import { Select } from "@/ui/Select";
import { common } from "@/words/common";
import { keys as words } from "@/words/settings";
import { useAct } from "./useAct";

type Provider = keyof typeof words.providers;

const PROVIDERS = (Object.keys(words.providers) as Provider[]).map((value) => ({
  value,
  label: words.providers[value],
}));
const EXAMPLES: Readonly<Record<Provider, string>> = {
  openai: "",
  azure: "https://NAME.openai.azure.com",
  other: "https://",
};

/** The secret is in a field of type password, and nowhere once it was sent. */
export function AddKey({ onClose, onStored }: { onClose: () => void; onStored: (key: ApiKey) => void }) {
  const [provider, setProvider] = useState<Provider>("openai");
  const [secret, setSecret] = useState("");
  const [label, setLabel] = useState("");
  const [address, setAddress] = useState("");
  const [timeout, setTimeoutSeconds] = useState("");
  const add = useAct(
    () => {
      const body = {
        secret,
        label,
        base_url: provider === "openai" ? "" : address,
        ...(provider === "azure" && { kind: "AZURE_OPENAI" as const }),
        timeout_seconds: Number(timeout) || 0,
      };
      return ok(api.POST("/v1/apiKeys", { body }));
    },
    {
      key: q.keys.queryKey,
      done: words.stored,
      onDone: (key) => {
        setSecret("");
        onStored(key);
        onClose();
      },
    },
  );
  const form = "add-key";
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.addTitle}
      foot={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button look="primary" type="submit" form={form} busy={add.isPending}>
            {words.store}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Field label={words.provider}>
          {(ids) => <Select {...ids} value={provider} onChange={setProvider} options={PROVIDERS} />}
        </Field>
        {provider !== "openai" && (
          <Field label={words.address} hint={words.addressHint[provider]}>
            {(ids) => (
              <Input
                {...ids}
                type="text"
                inputMode="url"
                spellCheck={false}
                required
                placeholder={EXAMPLES[provider]}
                value={address}
                onChange={(event) => setAddress(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label={words.secret} hint={words.secretHint}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="off"
              data-1p-ignore
              data-lpignore="true"
              spellCheck={false}
              required
              placeholder={provider === "openai" ? "sk-…" : ""}
              value={secret}
              onChange={(event) => setSecret(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.label} optional={common.optional} hint={words.labelHint}>
          {(ids) => (
            <Input
              {...ids}
              maxLength={100}
              value={label}
              onChange={(event) => setLabel(event.target.value)}
            />
          )}
        </Field>
        {provider !== "openai" && (
          <Field label={words.timeout} optional={common.optional} hint={words.timeoutHint}>
            {(ids) => (
              <Input
                {...ids}
                type="number"
                min={1}
                max={900}
                value={timeout}
                onChange={(event) => setTimeoutSeconds(event.target.value)}
              />
            )}
          </Field>
        )}
        {add.error && <Failed error={add.error} />}
      </form>
    </Dialog>
  );
}
