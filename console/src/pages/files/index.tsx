import { PageHead } from "@/parts/PageHead";

export function Files() {
  return (
    <div className="page">
      <PageHead title="Files" />
    </div>
  );
}
