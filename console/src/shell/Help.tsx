import { Link } from "@tanstack/react-router";
import { Shortcuts } from "@/parts/Shortcuts";
import { Dialog } from "@/ui/Dialog";
import { shell } from "@/words/shell";

export const Help = ({ onClose }: { onClose: () => void }) => (
  <Dialog open onClose={onClose} title={shell.shortcuts} wide>
    <Shortcuts />
    <p className="sm muted">
      {shell.keys.off}{" "}
      <Link to="/settings/$tab" params={{ tab: "preferences" }} onClick={onClose}>
        {shell.keys.preferences}
      </Link>
      .
    </p>
  </Dialog>
);
