import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LayoutTemplate, Plus } from "lucide-react";
import { useState } from "react";
import type { Template } from "@/api/client";
import { pagesOf } from "@/api/pages";
import { Failed } from "@/parts/Failed";
import { PageHead } from "@/parts/PageHead";
import { Button, buttonClass } from "@/ui/Button";
import { Chip } from "@/ui/Chip";
import { Empty } from "@/ui/Empty";
import { Skeleton } from "@/ui/Skeleton";
import { common } from "@/words/common";
import { templates as words } from "@/words/templates";
import { RemoveTemplate } from "./Remove";
import { TemplateTable } from "./Table";

/** All templates of the account, by category. */
export function Templates() {
  const pages = useInfiniteQuery(pagesOf.templates);
  const [category, setCategory] = useState("");
  const [doomed, setDoomed] = useState<Template>();
  const list = pages.data?.pages.flatMap((page) => page.templates) ?? [];
  const categories = [...new Set(list.map((template) => template.category))];
  const shown = categories.includes(category) ? category : "";
  return (
    <div className="page">
      <PageHead title={words.title} actions={<Actions />}>
        {words.intro}
      </PageHead>
      {categories.length > 1 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset would draw a frame around a line of buttons
        <div className="row" role="group" aria-label={words.category}>
          {["", ...categories].map((name) => (
            <Chip
              key={name}
              pressed={shown === name}
              count={name ? list.filter((template) => template.category === name).length : list.length}
              onClick={() => setCategory(name)}
            >
              {name || words.all}
            </Chip>
          ))}
        </div>
      )}
      <section className="card">
        {pages.error ? (
          <div className="card-pad">
            <Failed error={pages.error} retry={() => void pages.refetch()} />
          </div>
        ) : !pages.data ? (
          <Skeleton rows={6} height={22} label={common.loading} />
        ) : list.length ? (
          <TemplateTable
            list={list.filter((template) => !shown || template.category === shown)}
            onRemove={setDoomed}
          />
        ) : (
          <Empty
            icon={<LayoutTemplate size={28} strokeWidth={1.5} aria-hidden />}
            title={words.empty.title}
            action={
              <Link to="/library" className={buttonClass("primary")}>
                {words.empty.action}
              </Link>
            }
          >
            {words.empty.text}
          </Empty>
        )}
      </section>
      {pages.hasNextPage && (
        <div>
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {words.loadMore}
          </Button>
        </div>
      )}
      <RemoveTemplate template={doomed} onClose={() => setDoomed(undefined)} />
    </div>
  );
}

function Actions() {
  return (
    <>
      <Link to="/library" className={buttonClass("plain")}>
        {words.library}
      </Link>
      <Link to="/templates/$id" params={{ id: "new" }} className={buttonClass("primary")}>
        <Plus size={15} aria-hidden />
        {words.create}
      </Link>
    </>
  );
}
