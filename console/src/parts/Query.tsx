import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { Failed } from "./Failed";

type QueryProps<Data> = {
  of: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
  /** About as many lines as the answer will have. */
  rows?: number;
  height?: number;
};

/** An answer, or that it is on its way, or why there is none. Data of before stays while it is asked for again. */
export function Query<Data>({ of, children, rows, height }: QueryProps<Data>) {
  if (of.data !== undefined) return children(of.data);
  if (of.error)
    return (
      <div className="card-pad">
        <Failed error={of.error} retry={() => void of.refetch()} />
      </div>
    );
  return <Skeleton rows={rows} height={height} label={common.loading} />;
}
