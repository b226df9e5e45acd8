import { PageHead } from "@/parts/PageHead";

export function Wizard() {
  return (
    <div className="page">
      <PageHead title="Wizard" />
    </div>
  );
}
