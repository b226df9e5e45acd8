import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type Job, onSessionEnded } from "./client";
import { type Link, watchJob } from "./watch";

const event = (state: string) => `data: ${JSON.stringify({ state })}\n\n`;
/** An answer of events; one that is `open` says nothing more and never ends. */
function events(parts: string[], open = false): Response {
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
      if (!open) controller.close();
    },
  });
  return new Response(stream);
}
const state = (of: string) => new Response(JSON.stringify({ state: of }));

const told: string[] = [];
const links: Link[] = [];
const watch = () =>
  watchJob(
    "j",
    (job: Job) => told.push(job.state),
    (link) => links.push(link),
  );
const answers = (...list: (() => Response)[]) =>
  vi.stubGlobal(
    "fetch",
    vi.fn(async () => {
      const next = list.length > 1 ? list.shift() : list[0];
      if (!next) throw new TypeError("no answer");
      return next();
    }),
  );

beforeEach(() => {
  told.length = 0;
  links.length = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("an event that comes in pieces is told once, and the end ends it", async () => {
  const whole = event("RUNNING");
  answers(() => events([whole.slice(0, 9), whole.slice(9), ": still here\n\n", event("COMPLETED")]));
  watch();
  await vi.waitFor(() => expect(links.at(-1)).toBe("closed"));
  expect(told).toEqual(["RUNNING", "COMPLETED"]);
});

it("a server that went away is lost, then found again", async () => {
  answers(
    () => events([event("RUNNING")]),
    () => {
      throw new TypeError("refused");
    },
    () => events([event("COMPLETED")]),
  );
  watch();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(told).toEqual(["RUNNING", "COMPLETED"]);
  expect(links).toContain("lost");
  expect(links.at(-1)).toBe("closed");
});

it("asks by itself where a proxy lets no event through", async () => {
  let asked = 0;
  const fetches = vi.fn(async (address: string) => {
    if (String(address).endsWith(":watch")) return events([]);
    asked += 1;
    return state(asked > 1 ? "COMPLETED" : "RUNNING");
  });
  vi.stubGlobal("fetch", fetches);
  watch();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(told).toEqual(["RUNNING", "COMPLETED"]);
  expect(links).toContain("polling");
});

it("an ended session ends it, and nothing else signs anybody out", async () => {
  const ended = vi.fn();
  onSessionEnded(ended);
  answers(
    () => new Response("", { status: 503 }),
    () => new Response("", { status: 401 }),
  );
  watch();
  await vi.advanceTimersByTimeAsync(500);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(ended).toHaveBeenCalledTimes(1);
  onSessionEnded(() => {});
});
