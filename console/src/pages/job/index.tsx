import { PageHead } from "@/parts/PageHead";

export function JobPage() {
  return (
    <div className="page">
      <PageHead title="JobPage" />
    </div>
  );
}
