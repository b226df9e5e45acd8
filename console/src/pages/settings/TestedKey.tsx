import type { Schemas } from "@/api/client";
import { Badge } from "@/ui/Badge";
import { Note } from "@/ui/Note";
import { keys as words } from "@/words/settings";

/** What the last test said, with the provider's own words. */
export function TestedKey({ result }: { result: Schemas["TestApiKeyResponse"] }) {
  return (
    <div role="status">
      <Note kind={result.result === "VALID" ? "good" : "warn"}>
        <p>{result.message}</p>
        {result.provider_message && <p className="xs">“{result.provider_message}”</p>}
        {result.models.length > 0 && (
          <ul className="row" aria-label={words.models}>
            {result.models.map((model) => (
              <li key={model.model} title={model.provider_message || model.message}>
                <Badge kind={model.works ? "good" : "warn"}>
                  {model.model}: {model.works ? words.works : model.message}
                </Badge>
              </li>
            ))}
          </ul>
        )}
      </Note>
    </div>
  );
}
