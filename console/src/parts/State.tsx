import {
  Check,
  CircleDashed,
  CirclePause,
  CircleSlash,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  SkipForward,
  TriangleAlert,
} from "lucide-react";
import { Badge, type BadgeKind } from "@/ui/Badge";
import { states } from "@/words/common";

const LOOKS: Readonly<Record<string, [BadgeKind, LucideIcon]>> = {
  PENDING: ["plain", CircleDashed],
  RUNNING: ["live", LoaderCircle],
  PAUSED: ["warn", CirclePause],
  COMPLETED: ["good", Check],
  SUCCEEDED: ["good", Check],
  SKIPPED: ["plain", SkipForward],
  DELIVERED: ["good", Check],
  FAILED: ["bad", CircleX],
  CANCELLED: ["plain", CircleSlash],
  EXPIRED: ["plain", CircleSlash],
  VALID: ["good", Check],
  INVALID: ["bad", CircleX],
  NO_CREDITS: ["warn", TriangleAlert],
  UNREACHABLE: ["warn", TriangleAlert],
  NOT_TESTED: ["plain", CircleDashed],
};

/** A state of the API as word, icon and colour. */
export function State({ of, label }: { of: string; label?: string }) {
  const [kind, Icon] = LOOKS[of] ?? ["plain", CircleDashed];
  return (
    <Badge kind={kind} icon={<Icon size={12} aria-hidden />}>
      {label ?? states[of] ?? of}
    </Badge>
  );
}
