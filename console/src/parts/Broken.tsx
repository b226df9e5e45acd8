import { ApiError } from "@/api/errors";
import { Button, buttonClass } from "@/ui/Button";
import { common } from "@/words/common";
import { Failed } from "./Failed";
import { PageHead } from "./PageHead";

/** In place of a page that could not be shown. */
export function Broken({ error }: { error: unknown }) {
  // After an update, the parts of the old version are no longer there.
  const outdated = error instanceof TypeError && /module|import/i.test(error.message);
  const title = outdated ? common.newerVersion : common.broken;
  return (
    <div className="page">
      <PageHead title={title} />
      {error instanceof ApiError ? <Failed error={error} /> : !outdated && <p>{common.brokenText}</p>}
      <div className="row">
        <Button look="primary" onClick={() => location.reload()}>
          {common.reload}
        </Button>
        <a className={buttonClass("plain")} href="/">
          {common.home}
        </a>
      </div>
    </div>
  );
}

export function NotFound() {
  return (
    <div className="page">
      <PageHead title={common.notFound}>{common.notFoundText}</PageHead>
      <div>
        <a className={buttonClass("plain")} href="/">
          {common.home}
        </a>
      </div>
    </div>
  );
}
