/** The driver of sdks/conformance: makes the calls it is told on standard input and reports what came of them. */
import { createInterface } from "node:readline";
import { inspect } from "node:util";
import { Layers, Pages } from "@layers/sdk";

const BY_HAND = {
  "publishing.waitUntilDone": (layers, { postId, timeout }) =>
    layers.publishing.waitUntilDone(postId, { timeout: timeout * 1000 }),
  "webhooks.verify": (layers, { payload, headers, secret, tolerance }) =>
    layers.webhooks.verify(payload, headers, secret, { tolerance }),
  "events.stream": async (layers, { count, ...params }) => {
    const events = [];
    for await (const event of layers.events.stream(params)) if (events.push(event) === count) break;
    return events;
  },
  "content.upload": async (layers, { files, ...words }, options) => {
    const progress = [];
    const onProgress = ({ sent, total }) => progress.push([sent, total]);
    const paths = files.map(({ path }) => path);
    return { result: await layers.content.upload({ files: paths, ...words }, { ...options, onProgress }), progress };
  },
};

async function made(layers, { call, arguments: given = {}, options = {} }) {
  const [part, name] = call.split(".");
  try {
    if (call === "content.upload") return await BY_HAND[call](layers, given, options);
    if (call in BY_HAND) return { result: await BY_HAND[call](layers, given, options) };
    const method = layers[part][name].bind(layers[part]);
    // Calls that take nothing take options alone.
    const answer = method.length === 1 ? method(options) : method(given, options);
    return { result: answer instanceof Pages ? await answer.toArray() : await answer };
  } catch (error) {
    const { code, message, status = null, requestId = null, details = {}, idempotencyKey = null } = error;
    const said = { code, message, status, requestId, details, idempotencyKey };
    return { error: { ...said, class: error.constructor.name, printed: inspect(error, { depth: 9 }) + error.stack } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { client, calls } = JSON.parse(line);
  const timeout = client.timeout === undefined ? undefined : client.timeout * 1000;
  const layers = new Layers({ ...client, timeout });
  const answers = await Promise.all(calls.map((one) => made(layers, one)));
  process.stdout.write(`${JSON.stringify(answers)}\n`);
}
