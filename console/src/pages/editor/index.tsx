import { PageHead } from "@/parts/PageHead";

export function Editor() {
  return (
    <div className="page">
      <PageHead title="Editor" />
    </div>
  );
}
