import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test, vi } from "vitest";
import { refusal, serve } from "./server.js";

const browser = (process.env["PATH"] ?? "")
  .split(delimiter)
  .flatMap((folder) => ["chromium", "chromium-browser", "google-chrome"].map((name) => join(folder, name)))
  .find((file) => existsSync(file));

const page = `
  import { Layers } from "@layers/sdk";
  const { content, publishing } = new Layers({ apiKey: "lp_test_k", baseUrl: location.origin });
  const files = [new File([new Uint8Array(20_000_000)], "größe.mp4")];
  const failed = ({ name, message, status }) => ({ name, message, status });
  const heard = [];
  const said = {
    queued: await publishing.publishNow({ containerId: "cnt_1", targets: [] }),
    made: await content.upload({ projectId: "prj_1", files }, { onProgress: ({ sent }) => heard.push(sent) }),
    refused: await content.upload({ projectId: "large", files }).catch(failed),
    moved: await content.upload({ projectId: "moved", files }).catch(failed),
    held: await content.upload({ projectId: "held", files }, { timeout: 200, maxRetries: 0 }).catch(failed),
    path: await content.upload({ projectId: "prj_1", files: ["a.mp4"] }).catch(failed),
  };
  const stop = new AbortController();
  const stopping = { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) };
  said.stopped = await content.upload({ projectId: "prj_1", files }, stopping).catch(failed);
  await fetch("/report", { method: "POST", body: JSON.stringify({ ...said, heard }) });
`;

test("in a browser: uploads tell how far they are, and fail as elsewhere", async () => {
  if (!browser) throw new Error("There is no Chromium to test with: apt-get install chromium");
  const resolveDir = fileURLToPath(new URL("..", import.meta.url));
  const options = { bundle: true, format: "esm", platform: "browser", write: false } as const;
  const bundle = await build({ stdin: { contents: page, resolveDir }, ...options });
  await using server = await serve(({ url }) => {
    if (url === "/") return { headers: { "Content-Type": "text/html" }, text: '<script type="module" src="/x.js"></script>' };
    if (url === "/x.js") return { headers: { "Content-Type": "text/javascript" }, text: bundle.outputFiles[0]!.text };
    if (url.includes("large")) return refusal(413, "PAYLOAD_TOO_LARGE");
    if (url.includes("moved")) return { status: 302, headers: { Location: "/elsewhere" } };
    return url.includes("held") ? undefined : { json: { id: "cnt_1" } };
  });
  const profile = await mkdtemp(join(tmpdir(), "layers-sdk-"));
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"];
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", ...quiet, `--user-data-dir=${profile}`, `${server.baseUrl}/`];
  const running = execFile(browser, flags);
  const ended = once(running, "exit");
  const reported = () => server.asked.find(({ url }) => url === "/report");
  await vi.waitUntil(reported, { timeout: 50_000 }).finally(() => running.kill());
  await ended;
  await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  const { heard, ...said } = JSON.parse(String(reported()!.body)) as { heard: number[] };
  expect(said).toEqual({
    queued: { id: "cnt_1" },
    made: { id: "cnt_1" },
    refused: { name: "PayloadTooLargeError", message: "No.", status: 413 },
    moved: expect.objectContaining({ name: "UnexpectedAnswerError", status: 302 }) as unknown,
    held: expect.objectContaining({ name: "AnswerTimeoutError" }) as unknown,
    path: expect.objectContaining({ name: "TypeError" }) as unknown,
    stopped: { name: "Error", message: "enough" },
  });
  expect(heard.length).toBeGreaterThan(1);
  expect(heard.at(-1)).toBe(20_000_000);
}, 60_000);
