import { PageHead } from "@/parts/PageHead";

export function Library() {
  return (
    <div className="page">
      <PageHead title="Library" />
    </div>
  );
}
