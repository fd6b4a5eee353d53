import { inspect } from "node:util";
import { afterEach, expect, test, vi } from "vitest";
import { Layers, NotFoundError, AnswerTimeoutError, WaitTimeoutError } from "@layers/sdk";
import { refusal, serve } from "./server.js";

const apiKey = "lp_test_ABCDEFGHIJKLMNOP_sEcReTsEcReTsEcReTsEcReTsEcReTsEcReTsEcReTs";
const projectId = "prj_1";

afterEach(() => vi.unstubAllEnvs());

const pagesOf = (url: string) => {
  const from = Number(new URL(url, "http://here").searchParams.get("cursor") ?? 0);
  return { json: { items: [{ id: from }, { id: from + 1 }], nextCursor: from < 4 ? String(from + 2) : null } };
};

test("without a key the browser's session speaks, where the page is from", async () => {
  vi.stubEnv("LAYERS_API_KEY", apiKey);
  const asked: [string, RequestInit][] = [];
  const fake = (async (url: string, init: RequestInit) => {
    asked.push([url, init]);
    return Response.json({ items: [], nextCursor: null });
  }) as typeof fetch;
  await new Layers({ apiKey: null, baseUrl: "", fetch: fake }).projects.list();
  expect(asked[0]?.[0]).toBe("/v1/projects");
  expect(asked[0]?.[1].headers).toEqual({ "X-Layers-Session": "1" });
  expect(() => new Layers({ apiKey, baseUrl: "" })).toThrow(TypeError);
  expect(() => new Layers({ apiKey: "" })).toThrow(TypeError);
});

test("a list is its first page, its pages, or its items, and asks no more than is read", async () => {
  await using server = await serve(({ url }) => pagesOf(url));
  const list = new Layers({ apiKey, ...server }).projects.list({ limit: 2 });
  expect(server.asked).toHaveLength(0);
  expect((await list).nextCursor).toBe("2");
  expect(server.asked.map(({ url }) => url)).toEqual(["/v1/projects?limit=2"]);
  expect((await list.toArray()).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(server.asked.at(-1)?.url).toBe("/v1/projects?limit=2&cursor=4");
  const asked = server.asked.length;
  expect(await list.toArray(3)).toHaveLength(3);
  expect(await list.toArray(0)).toEqual([]);
  expect(server.asked).toHaveLength(asked + 2);
  let pages = 0;
  for await (const page of list.pages()) pages += page.items.length;
  expect(pages).toBe(6);
});

test("what is given in a query: several words, times, nothing", async () => {
  await using server = await serve(() => ({ json: { items: [], nextCursor: null } }));
  const since = new Date("2026-04-18T19:18:42Z");
  const { publishing } = new Layers({ apiKey, ...server });
  await publishing.listScheduledPosts({ projectId, status: ["queued", "failed"], since, platform: undefined });
  expect(server.asked[0]?.url).toBe(
    "/v1/projects/prj_1/scheduled-posts?status=queued&status=failed&since=2026-04-18T19%3A18%3A42.000Z",
  );
});

test("an id cannot lead to another endpoint", async () => {
  await using server = await serve(() => ({}));
  const { projects } = new Layers({ apiKey, ...server });
  await projects.get({ projectId: "../a b?c=d#e/ü" });
  expect(server.asked[0]?.url).toBe("/v1/projects/..%2Fa%20b%3Fc%3Dd%23e%2F%C3%BC");
  for (const id of ["", ".", "..", undefined, null, 7]) {
    expect(() => projects.get({ projectId: id as string })).toThrow(TypeError);
  }
  expect(server.asked).toHaveLength(1);
});

test("a body is sent where there is one, and a DELETE without a reason has none", async () => {
  await using server = await serve(() => ({}));
  const { publishing } = new Layers({ apiKey, ...server });
  await publishing.cancel({ postId: "sp_1" });
  await publishing.cancel({ postId: "sp_1", reason: "changed" });
  await publishing.retry({ postId: "sp_1" });
  expect(server.asked.map(({ body }) => String(body))).toEqual(["", '{"reason":"changed"}', "{}"]);
  expect(server.asked[0]?.headers["content-type"]).toBeUndefined();
});

test("every call that changes something has a key of its own, and reads have none", async () => {
  await using server = await serve(() => ({}));
  const { projects } = new Layers({ apiKey, ...server });
  await projects.archive({ projectId });
  await projects.archive({ projectId });
  await projects.get({ projectId });
  const keys = server.asked.map(({ headers }) => headers["idempotency-key"]);
  expect(keys[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(keys[1]).not.toBe(keys[0]);
  expect(keys[2]).toBeUndefined();
});

test("a caller's signal ends a request, a wait between tries, and a wait for a post, with its own reason", async () => {
  await using silent = await serve(() => undefined);
  await using broken = await serve(() => ({ ...refusal(503, "UNAVAILABLE"), headers: { "Retry-After": "50" } }));
  await using queued = await serve(() => ({ json: { id: "sp_1", status: "queued" } }));
  for (const { baseUrl, asked } of [silent, broken, queued]) {
    const caller = new AbortController();
    const call = new Layers({ apiKey, baseUrl }).publishing.waitUntilDone("sp_1", { signal: caller.signal });
    await vi.waitUntil(() => asked.length > 0);
    caller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(asked).toHaveLength(1);
  }
  const asked = silent.asked.length;
  const done = { signal: AbortSignal.abort(new Error("before")) };
  await expect(new Layers({ apiKey, ...silent }).projects.get({ projectId }, done)).rejects.toThrow("before");
  expect(silent.asked).toHaveLength(asked);
});

test("time limits: of the client, and of a call, and none", async () => {
  await using quick = await serve(() => ({}));
  await new Layers({ apiKey, ...quick, timeout: Infinity, maxRetries: 0 }).projects.get({ projectId });
  await using silent = await serve(() => undefined);
  const { projects } = new Layers({ apiKey, ...silent, timeout: 1e6, maxRetries: 0 });
  await expect(projects.get({ projectId }, { timeout: 30 })).rejects.toBeInstanceOf(AnswerTimeoutError);
  const hurried = new Layers({ apiKey, ...silent, timeout: 30, maxRetries: 5 });
  await expect(hurried.projects.get({ projectId }, { maxRetries: 0 })).rejects.toThrow("within 30 ms");
  expect(silent.asked).toHaveLength(2);
});

test("a wait that is too long says what the post was last", async () => {
  await using server = await serve(() => ({ json: { id: "sp_1", status: "publishing" } }));
  const wait = new Layers({ apiKey, ...server }).publishing.waitUntilDone({ id: "sp_1" }, { timeout: 10 });
  const error = await wait.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WaitTimeoutError);
  expect((error as WaitTimeoutError).post.status).toBe("publishing");
});

test("key and address come from the environment, and arguments go before it", async () => {
  await using server = await serve(() => ({}));
  vi.stubEnv("LAYERS_API_KEY", "");
  expect(() => new Layers()).toThrow("LAYERS_API_KEY");
  vi.stubEnv("LAYERS_API_KEY", apiKey);
  vi.stubEnv("LAYERS_BASE_URL", `${server.baseUrl}/`);
  await new Layers().apiKeys.whoami();
  expect(server.asked[0]?.url).toBe("/v1/whoami");
  expect(server.asked[0]?.headers.authorization).toBe(`Bearer ${apiKey}`);
  await new Layers({ apiKey: "lp_other" }).apiKeys.whoami();
  expect(server.asked[1]?.headers.authorization).toBe("Bearer lp_other");
  expect(() => new Layers({ baseUrl: "layers.example.com" })).toThrow("https://");
});

test("nothing that prints a client or an error prints the key", async () => {
  await using server = await serve(() => refusal(404, "NOT_FOUND"));
  const layers = new Layers({ apiKey, ...server });
  const error = await layers.projects.get({ projectId }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(NotFoundError);
  const gone = await new Layers({ apiKey, baseUrl: "http://127.0.0.1:9", maxRetries: 0 }).projects
    .get({ projectId })
    .catch((thrown: unknown) => thrown);
  for (const shown of [layers, error, gone]) {
    expect(inspect(shown, { depth: 9, showHidden: true }) + JSON.stringify(shown) + String(shown)).not.toContain("sEcReT");
  }
});
