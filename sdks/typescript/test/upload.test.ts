import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { Layers, type Progress } from "@layers/sdk";
import { type Asked, refusal, serve } from "./server.js";

const apiKey = "lp_test_k";

const formIn = ({ headers, body }: Asked) =>
  new Response(new Uint8Array(body), { headers: { "Content-Type": headers["content-type"]! } }).formData();

test("files come as paths, blobs, bytes and streams, in order, with their names", async () => {
  await using server = await serve(() => ({ status: 201, json: { id: "cnt_1" } }));
  const folder = await mkdtemp(join(tmpdir(), "layers-sdk-"));
  const path = join(folder, "größe.mp4");
  await writeFile(path, "from a path");
  const files = [
    path,
    pathToFileURL(path),
    new Blob(["from a blob"]),
    new File(["from a file"], "file.png"),
    { data: new TextEncoder().encode("from bytes"), name: "bytes.gif" },
    new Response("from a stream").body!,
  ];
  await new Layers({ apiKey, ...server }).content.upload({ projectId: "prj_1", files, caption: "Grüße" });
  await rm(folder, { recursive: true });
  const form = await formIn(server.asked[0]!);
  expect(form.get("caption")).toBe("Grüße");
  expect(form.get("firstComment")).toBeNull();
  const sent = form.getAll("files") as File[];
  expect(await Promise.all(sent.map((file) => file.text()))).toEqual([
    "from a path",
    "from a path",
    "from a blob",
    "from a file",
    "from bytes",
    "from a stream",
  ]);
  expect(sent.map(({ name }) => name)).toEqual(["größe.mp4", "größe.mp4", "file", "file.png", "bytes.gif", "file"]);
});

test("progress rises to the whole, and a second try sends all again under the same key", async () => {
  let tries = 0;
  await using server = await serve(() =>
    ++tries === 1
      ? { ...refusal(503, "UNAVAILABLE"), headers: { "Retry-After": "0" } }
      : { status: 201, json: { id: "cnt_1" } },
  );
  const bytes = new Uint8Array(3_000_000).map((_, index) => index % 251);
  const heard: Progress[] = [];
  await new Layers({ apiKey, ...server }).content.upload(
    { projectId: "prj_1", files: [new Blob([bytes])] },
    { onProgress: (progress) => heard.push(progress) },
  );
  expect(heard.every(({ total }) => total === bytes.length)).toBe(true);
  expect(new Set(heard.map(({ sent }) => sent)).size).toBeGreaterThan(3);
  expect(heard.at(-1)?.sent).toBe(bytes.length);
  expect(server.asked).toHaveLength(2);
  expect(server.asked[1]?.headers["idempotency-key"]).toBe(server.asked[0]?.headers["idempotency-key"]);
  const [file] = (await formIn(server.asked[1]!)).getAll("files") as [File];
  expect(Buffer.from(await file.arrayBuffer()).equals(Buffer.from(bytes))).toBe(true);
});

test("a file that is not there is said before anything is sent", async () => {
  await using server = await serve(() => ({}));
  const upload = new Layers({ apiKey, ...server }).content.upload({ projectId: "prj_1", files: ["/nowhere/at.all"] });
  await expect(upload).rejects.toThrow();
  expect(server.asked).toHaveLength(0);
});
