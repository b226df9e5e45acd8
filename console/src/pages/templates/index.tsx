import { PageHead } from "@/parts/PageHead";

export function Templates() {
  return (
    <div className="page">
      <PageHead title="Templates" />
    </div>
  );
}
