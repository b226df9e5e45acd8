import { PageHead } from "@/parts/PageHead";

export function Jobs() {
  return (
    <div className="page">
      <PageHead title="Jobs" />
    </div>
  );
}
