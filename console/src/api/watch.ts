/** Follows a job: by server-sent events, or, where a proxy holds those back, by asking every three seconds. */
import { type Job, sessionEnded } from "./client";

/** How news comes. `lost`: the server cannot be reached now; attempts go on. */
export type Link = "connecting" | "live" | "polling" | "lost" | "closed";

/** The server sends at least a comment every 15 seconds; a stream mute for so long is broken. */
const MUTE_MS = 35_000;
const ASK_MS = 3000;
const LONGEST_PAUSE_MS = 8000;
/** After this many broken streams in a row, this client asks instead. */
const PATIENCE = 3;

export const hasEnded = (job: Pick<Job, "state">): boolean =>
  ["COMPLETED", "FAILED", "CANCELLED"].includes(job.state);

class Refused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The server answered ${status}`);
    this.status = status;
  }
}

/** Calls `onJob` with each state until the job has ended; the returned function stops it. */
export function watchJob(id: string, onJob: (job: Job) => void, onLink: (link: Link) => void): () => void {
  const stop = new AbortController();
  void follow(id, onJob, onLink, stop.signal).catch(() => onLink("closed"));
  return () => stop.abort();
}

async function follow(
  id: string,
  onJob: (job: Job) => void,
  onLink: (link: Link) => void,
  signal: AbortSignal,
): Promise<void> {
  let ended = false;
  let broken = 0;
  let unreachable = 0;
  const tell = (job: Job) => {
    ended = hasEnded(job);
    broken = 0;
    unreachable = 0;
    onJob(job);
  };
  let mute = 0;
  while (!signal.aborted && !ended) {
    try {
      if (mute >= PATIENCE) {
        tell(await ask(id, signal));
        onLink("polling");
        if (!ended) await pause(ASK_MS, signal);
        continue;
      }
      onLink(unreachable ? "lost" : "connecting");
      const tellLive = (job: Job) => {
        tell(job);
        onLink("live");
      };
      const told = await stream(id, tellLive, signal);
      mute = told ? 0 : mute + 1;
      broken += 1;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.status === 401) return sessionEnded();
      if (error instanceof Refused && error.status === 404) return onLink("closed");
      unreachable += 1;
      onLink("lost");
    }
    if (!ended) await pause(Math.min(LONGEST_PAUSE_MS, 250 * 2 ** (broken + unreachable)), signal);
  }
  onLink("closed");
}

async function ask(id: string, signal: AbortSignal): Promise<Job> {
  const answer = await fetch(`/v1/jobs/${id}`, { signal });
  if (!answer.ok) throw new Refused(answer.status);
  return (await answer.json()) as Job;
}

/** Reads one stream to its end; returns whether anything came. A mute one is cut. */
async function stream(id: string, tell: (job: Job) => void, signal: AbortSignal): Promise<boolean> {
  const mute = new AbortController();
  let timer = setTimeout(() => mute.abort(), MUTE_MS);
  let told = false;
  try {
    const answer = await fetch(`/v1/jobs/${id}:watch`, {
      headers: { accept: "text/event-stream" },
      signal: AbortSignal.any([signal, mute.signal]),
    });
    if (!answer.ok || !answer.body) throw new Refused(answer.status);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return told;
      clearTimeout(timer);
      timer = setTimeout(() => mute.abort(), MUTE_MS);
      const events = (rest + value).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) {
        if (!event.startsWith("data: ")) continue;
        told = true;
        tell(JSON.parse(event.slice("data: ".length)) as Job);
      }
    }
  } catch (error) {
    // A stream that was cut for its silence is no lost server.
    if (mute.signal.aborted && !signal.aborted) return told;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
