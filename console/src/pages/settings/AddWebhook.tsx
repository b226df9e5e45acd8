import { useState } from "react";
import { api, ok } from "@/api/client";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Check, Field, Input } from "@/ui/Field";
import { common } from "@/words/common";
import { webhooks as words } from "@/words/settings";
import style from "./settings.module.css";
import { useAct } from "./useAct";

const EVENTS = Object.entries(words.eventNames);

export function AddWebhook({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const [url, setUrl] = useState("");
  const [name, setName] = useState("");
  const [events, setEvents] = useState<string[]>(EVENTS.map(([event]) => event));
  const add = useAct(
    () => {
      // An empty list means all of them, those of later versions too.
      const chosen = events.length === EVENTS.length ? [] : events;
      return ok(api.POST("/v1/webhooks", { body: { url, display_name: name, events: chosen } as never }));
    },
    {
      key: q.webhooks.queryKey,
      onDone: (made) => {
        onMade(made.signing_secret);
        onClose();
      },
    },
  );
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.add}
      foot={
        <>
          <Button onClick={onClose}>{common.cancel}</Button>
          <Button
            look="primary"
            type="submit"
            form="add-webhook"
            disabled={!events.length}
            busy={add.isPending}
          >
            {words.add}
          </Button>
        </>
      }
    >
      <form
        id="add-webhook"
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate();
        }}
      >
        <Field label={words.address} hint={words.addressHint}>
          {(ids) => (
            <Input
              {...ids}
              type="url"
              required
              spellCheck={false}
              placeholder="https://example.com/hooks/smelt"
              value={url}
              onChange={(event) => setUrl(event.target.value)}
            />
          )}
        </Field>
        <Field label={words.name} optional={common.optional}>
          {(ids) => (
            <Input {...ids} maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <fieldset className={style.events}>
          <legend>{words.events}</legend>
          {EVENTS.map(([event, label]) => (
            <Check
              key={event}
              label={label}
              checked={events.includes(event)}
              onChange={(on) => setEvents(on ? [...events, event] : events.filter((each) => each !== event))}
            />
          ))}
        </fieldset>
        {add.error && <Failed error={add.error} />}
      </form>
    </Dialog>
  );
}
