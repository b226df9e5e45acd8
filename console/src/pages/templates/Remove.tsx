import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, idOf, ok, type Template } from "@/api/client";
import { q } from "@/api/queries";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { toast } from "@/ui/Toast";
import { templates as words } from "@/words/templates";

/** Asks before a template is deleted, and says what stays. */
export function RemoveTemplate({
  template,
  onClose,
}: {
  template: Template | undefined;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (name: string) =>
      ok(api.DELETE("/v1/templates/{template}", { params: { path: { template: idOf(name) } } })),
    onSuccess: () => {
      toast({ title: words.removed });
      close();
      return queries.invalidateQueries({ queryKey: q.templates.queryKey });
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <Dialog
      open={template !== undefined}
      onClose={close}
      title={words.removeAsk.title(template?.display_name ?? "")}
      foot={
        <>
          <Button onClick={close}>{words.removeAsk.keep}</Button>
          <Button
            look="danger"
            busy={remove.isPending}
            onClick={() => template && remove.mutate(template.name)}
          >
            {words.removeAsk.yes}
          </Button>
        </>
      }
    >
      <p className="ink2">{words.removeAsk.text}</p>
      {remove.error && <Failed error={remove.error} />}
    </Dialog>
  );
}
