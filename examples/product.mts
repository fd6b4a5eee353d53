/**
 * A small product on Layers: customers, their accounts, posts that somebody approves, and what became of each.
 *
 * With Layers running (`LAYERS_ALLOW_PRIVATE_NETWORKS=true layers up`), a test key in LAYERS_API_KEY and `@layers/sdk` installed:
 *
 *     node product.mts clip.mp4
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import {
  ApiError,
  ApprovalRequiredError,
  Layers,
  NetworkError,
  ValidationError,
  verify,
  type WebhookEvent,
  WebhookSignatureError,
} from "@layers/sdk";

const TABLES = `
CREATE TABLE IF NOT EXISTS customers (name TEXT PRIMARY KEY, project TEXT NOT NULL, account TEXT, reconnect INTEGER);
CREATE TABLE IF NOT EXISTS consents (state TEXT PRIMARY KEY, customer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS posts (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL, file TEXT NOT NULL, caption TEXT NOT NULL,
    container TEXT, state TEXT NOT NULL, note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS heard (event TEXT PRIMARY KEY);
`;
const DONE = ["published", "failed", "refused"];
type Row = Record<string, string>;

/** What the product knows. Its own table is written first, Layers is called afterwards, under a name kept there. */
class Product {
  readonly layers: Layers;
  readonly db: DatabaseSync;

  constructor(layers: Layers, file: string) {
    this.layers = layers;
    this.db = new DatabaseSync(file);
    this.db.exec(TABLES);
  }

  /** Return the only row there is. */
  one(query: string, ...values: string[]): Row {
    const row = this.db.prepare(query).get(...values);
    if (row === undefined) throw new Error(`no such row: ${values.join()}`);
    return row as Row;
  }

  // A customer is a project -----------------------------------------------------------------------

  /** Make a project for a customer, in which nothing goes out unseen. */
  async signUp(customer: string): Promise<void> {
    const project = await this.layers.projects.create(
      { name: `Customer ${customer}`, timezone: "Europe/Berlin", customerExternalId: customer },
      { idempotencyKey: `sign-up-${customer}` },
    );
    await this.layers.approval.updatePolicy({ projectId: project.id, requiresApproval: true });
    this.db.prepare("INSERT OR IGNORE INTO customers (name, project) VALUES (?, ?)").run(customer, project.id);
  }

  /** Return where to send the customer to, so that they connect their account. */
  async linkToConnect(customer: string, returnUrl: string): Promise<string> {
    const { project } = this.one("SELECT project FROM customers WHERE name = ?", customer);
    const consent = await this.layers.social.createOauthUrl({ projectId: project!, platform: "tiktok", returnUrl });
    this.db.prepare("INSERT INTO consents VALUES (?, ?)").run(consent.state, customer);
    return consent.authorizeUrl;
  }

  /** Look up how a consent ended; never believe the query. Returns what to show the customer. */
  async cameBack(stateId: string): Promise<string> {
    const { customer } = this.one("SELECT customer FROM consents WHERE state = ?", stateId);
    const consent = await this.layers.social.getOauthStatus({ stateId });
    if (consent.status !== "completed") return `Not connected: ${consent.error?.message ?? "nobody has consented yet"}`;
    this.db
      .prepare("UPDATE customers SET account = ?, reconnect = 0 WHERE name = ?")
      .run(consent.socialAccountId!, customer!);
    return `${customer} is connected.`;
  }

  // A post ------------------------------------------------------------------------------------------

  /** Take a customer's post. Once it is written down, it can be sent as often as need be. */
  async submit(customer: string, file: string, caption: string): Promise<string> {
    const post = crypto.randomUUID();
    this.db
      .prepare("INSERT INTO posts (id, customer, file, caption, state) VALUES (?, ?, ?, ?, 'new')")
      .run(post, customer, file, caption);
    await this.send(post);
    return post;
  }

  /** Hand a post to Layers. Every call has a name made of the post's own: repeating all of it changes nothing. */
  async send(post: string): Promise<void> {
    const row = this.one(
      "SELECT file, caption, project, account FROM posts JOIN customers ON customers.name = customer WHERE id = ?",
      post,
    );
    try {
      const container = await this.layers.content.upload(
        { projectId: row.project!, files: [row.file!], caption: row.caption! },
        { idempotencyKey: `${post}-content` },
      );
      this.note(post, "uploaded", "", container.id);
      await this.layers.publishing.publishNow(
        { containerId: container.id, targets: [{ socialAccountId: row.account!, mode: "direct_publish" }] },
        { idempotencyKey: `${post}-publish` },
      );
      this.note(post, "on its way");
    } catch (error) {
      if (error instanceof ApprovalRequiredError) this.note(post, "waits for approval");
      else if (error instanceof ValidationError) this.note(post, "refused", error.details.issues.map((one) => one.message).join("; "));
      else if (error instanceof NetworkError) this.note(post, "to be sent again", error.message);
      else if (error instanceof ApiError) this.note(post, "refused", `${error.message} (${error.requestId})`);
      else throw error;
    }
  }

  /** After a crash or a broken line: send again what was not handed over. Call it at start, and now and then. */
  async sendWhatIsLeft(): Promise<void> {
    const left = this.db.prepare("SELECT id FROM posts WHERE state IN ('new', 'uploaded', 'to be sent again')").all();
    for (const { id } of left) await this.send(String(id));
  }

  /** Somebody has looked at it: now it goes out. */
  async approve(post: string): Promise<void> {
    const { container } = this.one("SELECT container FROM posts WHERE id = ?", post);
    this.note(post, "on its way");
    await this.layers.approval.approve({ containerId: container! }, { idempotencyKey: `${post}-approve` });
  }

  /** Write down where a post stands, unless it has ended by now: webhooks are quick. */
  note(post: string, state: string, note = "", container: string | null = null): void {
    this.db
      .prepare(
        "UPDATE posts SET state = ?, note = ?, container = coalesce(?, container)" +
          " WHERE id = ? AND state NOT IN ('published', 'failed')",
      )
      .run(state, note, container, post);
  }

  // What Layers tells -----------------------------------------------------------------------------------

  /** Take in an event once, however often it comes: that it was heard and what it does are one transaction. */
  hear(event: WebhookEvent): void {
    this.db.exec("BEGIN");
    const isNew = this.db.prepare("INSERT OR IGNORE INTO heard VALUES (?)").run(event.id).changes === 1;
    const end = this.db.prepare("UPDATE posts SET state = ?, note = ? WHERE container = ?");
    if (isNew && event.type === "post.published") end.run("published", event.data.externalUrl ?? "", event.data.containerId);
    if (isNew && event.type === "post.failed") end.run("failed", event.data.error.message, event.data.containerId);
    if (isNew && event.type === "social_account.needs_reauth") {
      this.db.prepare("UPDATE customers SET reconnect = 1 WHERE account = ?").run(event.data.socialAccountId);
    }
    this.db.exec("COMMIT");
  }
}

/** Serve the page that customers come back to, and the receiver of webhooks. */
function serve(product: Product, secrets: string[]) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    if (request.method === "GET") {
      response.end(await product.cameBack(url.searchParams.get("layers_state") ?? ""));
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    try {
      product.hear(await verify(Buffer.concat(parts), request.headers, secrets));
      response.writeHead(204).end();
    } catch (error) {
      if (!(error instanceof WebhookSignatureError)) throw error;
      response.writeHead(400).end();
    }
  });
  return new Promise<typeof server>((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Return caption, state and note of a post that has ended. */
async function waitFor(product: Product, post: string): Promise<string> {
  for (;;) {
    const row = product.one("SELECT substr(caption, 1, 30) AS caption, state, note FROM posts WHERE id = ?", post);
    if (DONE.includes(row.state!)) return `${row.caption}: ${row.state}: ${row.note}`;
    await pause(100);
  }
}

const clip = process.argv[2] ?? "clip.mp4";
const secrets: string[] = [];
const product = new Product(new Layers(), "product-ts.db");
const server = await serve(product, secrets);
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const endpoint = await product.layers.webhooks.createEndpoint(
  { url: `${address}/hooks`, events: ["post.published", "post.failed", "social_account.needs_reauth"] },
  { idempotencyKey: `endpoint-${address}` },
);
secrets.push(endpoint.secret!); // keep it where you keep passwords

await product.signUp("bloom");
const link = await product.linkToConnect("bloom", `${address}/connected`);
// People click; in the sandbox consent can be had without.
console.log(await (await fetch(`${link}&auto=bloom_flowers`)).text());

const posts: string[] = [];
for (const caption of ["Tulips are in", "Buy! Buy! [fault:reject]", "Long ".repeat(500)]) {
  posts.push(await product.submit("bloom", clip, caption));
}
await product.sendWhatIsLeft(); // nothing is left, so nothing happens
for (const post of posts.slice(0, 2)) await product.approve(post);
for (const post of posts) console.log(await waitFor(product, post));
await product.layers.webhooks.deleteEndpoint({ endpointId: endpoint.id });
server.close();
server.closeAllConnections();
