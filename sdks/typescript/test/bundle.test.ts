import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

async function bundled(code: string): Promise<{ size: number; text: string }> {
  const made = await build({
    stdin: { contents: code, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    write: false,
  });
  const [{ text, contents }] = made.outputFiles as [(typeof made.outputFiles)[number]];
  return { size: contents.length, text };
}

test("a bundle has what it calls, and nothing of Node", async () => {
  const all = await bundled('import { Layers } from "@layers/sdk"; globalThis.l = new Layers();');
  const one = await bundled(
    'import { Client, Publishing } from "@layers/sdk"; globalThis.p = new Publishing(new Client());',
  );
  const none = await bundled('import { verify } from "@layers/sdk"; globalThis.v = verify;');
  expect(all.text).toContain("/v1/audit-log");
  expect(one.text).toContain("/publish");
  for (const word of ["/v1/audit-log", "/approve", "/oauth-url", "/rotate-secret", "webhook-timestamp", "FormData"]) {
    expect(one.text).not.toContain(word);
  }
  expect(none.text).not.toContain("/v1/");
  for (const { text } of [all, one, none]) expect(text).not.toContain("node:");
  expect(all.size).toBeLessThan(21_000);
  expect(one.size).toBeLessThan(10_000);
  expect(none.size).toBeLessThan(2_500);
});
