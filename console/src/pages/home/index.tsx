import { PageHead } from "@/parts/PageHead";

export function Home() {
  return (
    <div className="page">
      <PageHead title="Home" />
    </div>
  );
}
