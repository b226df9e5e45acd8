import { PageHead } from "@/parts/PageHead";

export function FilePage() {
  return (
    <div className="page">
      <PageHead title="FilePage" />
    </div>
  );
}
