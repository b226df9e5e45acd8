import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Job } from "@/api/client";
import { q } from "@/api/queries";
import { hasEnded, type Link, watchJob } from "@/api/watch";
import { type Sample, withSample } from "@/lib/series";

/** Courses of the jobs that this tab has watched; a page that is opened again goes on drawing. */
const courses = new Map<string, Sample[]>();

function sampled(job: Job): Sample[] {
  const counts = job.request_counts;
  const next = {
    at: Date.now(),
    done: (counts?.succeeded ?? 0) + (counts?.skipped ?? 0),
    failed: counts?.failed ?? 0,
    cost: job.cost_usd ? Number(job.cost_usd) : undefined,
  };
  const course = withSample(courses.get(job.name) ?? [], next);
  courses.set(job.name, course);
  return course;
}

/** A job, followed until it has ended, and by which way news comes. */
export function useWatched(id: string) {
  const queries = useQueryClient();
  const job = useQuery(q.job(id));
  const [link, setLink] = useState<Link>("connecting");
  const [course, setCourse] = useState<Sample[]>(courses.get(`jobs/${id}`) ?? []);
  const follows = job.data !== undefined && !hasEnded(job.data);
  useEffect(() => {
    if (!follows) return;
    return watchJob(
      id,
      (next) => {
        queries.setQueryData(q.job(id).queryKey, next);
        setCourse(sampled(next));
      },
      setLink,
    );
  }, [id, follows, queries]);
  return { job, link, course };
}
