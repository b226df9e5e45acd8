import { PageHead } from "@/parts/PageHead";

export function UsagePage() {
  return (
    <div className="page">
      <PageHead title="UsagePage" />
    </div>
  );
}
