import { PageHead } from "@/parts/PageHead";

export function Settings() {
  return (
    <div className="page">
      <PageHead title="Settings" />
    </div>
  );
}

export function SettingsStart() {
  return <Settings />;
}
