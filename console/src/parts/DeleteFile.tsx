import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, idOf, ok } from "@/api/client";
import { Failed } from "@/parts/Failed";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { toast } from "@/ui/Toast";
import { common } from "@/words/common";
import { files as words } from "@/words/files";

type DeleteFileProps = {
  file: { name: string; display_name: string };
  onClose: () => void;
  onDeleted?: () => void;
};

/** Asks first, and says what survives. */
export function DeleteFile({ file, onClose, onDeleted }: DeleteFileProps) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE("/v1/files/{file}", { params: { path: { file: idOf(file.name) } } })),
    onSuccess: async () => {
      toast({ title: words.deleted });
      onClose();
      onDeleted?.();
      await queries.invalidateQueries({ queryKey: ["files"], exact: true });
    },
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={words.deleteTitle(file.display_name)}
      foot={
        <>
          <Button onClick={onClose}>{common.keep}</Button>
          <Button look="danger" busy={remove.isPending} onClick={() => remove.mutate()}>
            {words.deleteButton}
          </Button>
        </>
      }
    >
      <p className="ink2">{words.deleteText}</p>
      {remove.error && <Failed error={remove.error} />}
    </Dialog>
  );
}
