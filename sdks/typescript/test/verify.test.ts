import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { verify, WebhookSignatureError } from "@layers/sdk";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const body = '{"id":"evt_1","type":"test.ping","createdAt":"2026-04-18T19:18:42Z","data":{}}';

function signed(at = Math.floor(Date.now() / 1000)): Record<string, string> {
  const ours = createHmac("sha256", secret).update(`${at}.${body}`).digest("hex");
  const theirs = createHmac("sha256", Buffer.alloc(32, 7)).update(`evt_1.${at}.${body}`).digest("base64");
  return {
    "x-layers-signature": `t=${at},v1=${"0".repeat(64)},v1=${ours}`,
    "webhook-id": "evt_1",
    "webhook-timestamp": String(at),
    "webhook-signature": `v1,${theirs}`,
  };
}

test("headers as fetch, Node and others have them; the body as text or bytes", async () => {
  const headers = signed();
  const raw = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
  for (const given of [headers, raw, new Headers(headers)]) {
    expect((await verify(body, given, secret)).type).toBe("test.ping");
    expect((await verify(Buffer.from(body), given, ["whsec_AAAA", secret])).id).toBe("evt_1");
  }
});

test("a wrong byte, secret or time is refused, and so is one wrong family of two", async () => {
  const headers = signed();
  const refused = (...given: Parameters<typeof verify>) => expect(verify(...given)).rejects.toThrow(WebhookSignatureError);
  await refused(`${body} `, headers, secret);
  await refused(body, headers, "whsec_AAAA");
  await refused(body, headers, []);
  await refused(body, {}, secret);
  await refused(body, signed(Date.now() / 1000 - 301 | 0), secret);
  await refused(body, signed(Date.now() / 1000 + 301 | 0), secret);
  await refused(body, { ...headers, "webhook-id": "evt_2" }, secret);
  await refused(body, { ...headers, "x-layers-signature": headers["x-layers-signature"]!.replace(/.$/, "!") }, secret);
  await expect(verify(body, headers, "")).rejects.toThrow("whsec_");
  await expect(verify(body, headers, "not base64!")).rejects.toThrow(Error);
  expect((await verify(body, signed(Date.now() / 1000 - 301 | 0), secret, { tolerance: 400 })).id).toBe("evt_1");
});
