import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { idOf } from "@/api/client";
import { q } from "@/api/queries";
import { outputColumns } from "@/lib/outputs";
import type { Names } from "@/lib/prompt";
import { recall, remember } from "@/lib/store";

/** What a template is tried with: a file, a row of it, earlier templates, and values made up for the rest. */
export function useTrialSet(id: string | undefined) {
  const place = `tried-with.${id ?? "new"}`;
  const files = useQuery(q.files);
  const [chosen, setChosen] = useState(() => recall(place) ?? recall("tried-with.new") ?? "");
  const [row, setRow] = useState(1);
  const [earlier, setEarlier] = useState<string[]>([]);
  const [mocks, setMocks] = useState<Record<string, string>>({});
  const list = files.data?.files ?? [];
  const known = list.some((file) => idOf(file.name) === chosen);
  const fileId = known ? chosen : list[0] ? idOf(list[0].name) : "";
  const file = useQuery({ ...q.file(fileId), enabled: fileId !== "" });
  const variables = useQuery(q.variables);
  const before = useQueries({ queries: earlier.map((each) => q.template(each)) });
  const outputs = before.flatMap((each) =>
    each.data ? outputColumns(each.data.output_column, each.data.json_schema) : [],
  );
  const columns = file.data?.columns.map((column) => column.name);
  const custom = variables.data?.variables ?? [];
  const names: Names = {
    columns,
    custom: custom.map((each) => each.display_name),
    earlier: outputs,
    mocks: Object.keys(mocks).filter((name) => mocks[name] !== ""),
  };
  return {
    files,
    file,
    fileId,
    names,
    custom,
    row: Math.min(row, Math.max(1, file.data?.row_count ?? 1)),
    setRow,
    earlier,
    setEarlier,
    mocks,
    setMock: (name: string, value: string) => setMocks((now) => ({ ...now, [name]: value })),
    setFile: (next: string) => {
      setChosen(next);
      setRow(1);
      remember(place, next);
      remember("tried-with.new", next);
    },
  };
}
export type TrialSet = ReturnType<typeof useTrialSet>;
