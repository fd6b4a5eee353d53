"""A small product on Layers: customers, their accounts, posts that somebody approves, and what became of each.

With Layers running (`LAYERS_ALLOW_PRIVATE_NETWORKS=true layers up`) and a test key in LAYERS_API_KEY:

    python examples/product.py clip.mp4
"""

import sqlite3
import sys
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlparse
from urllib.request import urlopen

from layers_sdk import (
    ApiError,
    ApprovalRequiredError,
    Layers,
    NetworkError,
    PostFailedEvent,
    PostPublishedEvent,
    SocialAccountNeedsReauthEvent,
    ValidationError,
    WebhookSignatureError,
    webhooks,
)
from layers_sdk.models import Event

TABLES = """
CREATE TABLE IF NOT EXISTS customers (name TEXT PRIMARY KEY, project TEXT NOT NULL, account TEXT, reconnect INTEGER);
CREATE TABLE IF NOT EXISTS consents (state TEXT PRIMARY KEY, customer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS posts (
    id TEXT PRIMARY KEY, customer TEXT NOT NULL, file TEXT NOT NULL, caption TEXT NOT NULL,
    container TEXT, state TEXT NOT NULL, note TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS heard (event TEXT PRIMARY KEY);
"""
DONE = ("published", "failed", "refused")


class Product:
    """What the product knows. Its own table is written first, Layers is called afterwards, under a name kept there."""

    def __init__(self, layers: Layers, file: Path) -> None:
        self.layers, self.file = layers, file
        with self.database() as db:
            db.executescript(TABLES)

    @contextmanager
    def database(self) -> Generator[sqlite3.Connection]:
        """A connection and a transaction."""
        with closing(sqlite3.connect(self.file, timeout=20)) as connection, connection:
            yield connection

    def one(self, query: str, *values: object) -> tuple[str, ...]:
        """Return the only row there is."""
        with self.database() as db:
            [row] = db.execute(query, values).fetchall()
        return row

    # A customer is a project ---------------------------------------------------------------------

    def sign_up(self, customer: str) -> None:
        """Make a project for a customer, in which nothing goes out unseen."""
        project = self.layers.projects.create(
            name=f"Customer {customer}",
            timezone="Europe/Berlin",
            customer_external_id=customer,
            idempotency_key=f"sign-up-{customer}",
        )
        self.layers.approval.update_policy(project.id, requires_approval=True)
        with self.database() as db:
            db.execute(
                "INSERT OR IGNORE INTO customers (name, project) VALUES (?, ?)", (customer, project.id)
            )

    def link_to_connect(self, customer: str, come_back_to: str) -> str:
        """Return where to send the customer to, so that they connect their account."""
        [project] = self.one("SELECT project FROM customers WHERE name = ?", customer)
        consent = self.layers.social.create_oauth_url(project, platform="tiktok", return_url=come_back_to)
        with self.database() as db:
            db.execute("INSERT INTO consents VALUES (?, ?)", (consent.state, customer))
        return consent.authorize_url

    def came_back(self, state: str) -> str:
        """Look up how a consent ended; never believe the query. Returns what to show the customer."""
        [customer] = self.one("SELECT customer FROM consents WHERE state = ?", state)
        consent = self.layers.social.get_oauth_status(state)
        if consent.status != "completed":
            return f"Not connected: {(consent.error or {}).get('message', 'nobody has consented yet')}"
        with self.database() as db:
            db.execute(
                "UPDATE customers SET account = ?, reconnect = 0 WHERE name = ?",
                (consent.social_account_id, customer),
            )
        return f"{customer} is connected."

    # A post ----------------------------------------------------------------------------------------

    def submit(self, customer: str, file: Path, caption: str) -> str:
        """Take a customer's post. Once it is written down, it can be sent as often as need be."""
        post = str(uuid.uuid4())
        with self.database() as db:
            row = (post, customer, str(file), caption, "new")
            db.execute("INSERT INTO posts (id, customer, file, caption, state) VALUES (?, ?, ?, ?, ?)", row)
        self.send(post)
        return post

    def send(self, post: str) -> None:
        """Hand a post to Layers. Every call has a name made of the post's own: repeating all of it changes nothing."""
        customer, file, caption = self.one("SELECT customer, file, caption FROM posts WHERE id = ?", post)
        project, account = self.one("SELECT project, account FROM customers WHERE name = ?", customer)
        try:
            container = self.layers.content.upload(
                project, files=[file], caption=caption, idempotency_key=f"{post}-content"
            )
            self.note(post, "uploaded", container=container.id)
            self.layers.publishing.publish_now(
                container.id,
                targets=[{"socialAccountId": account, "mode": "direct_publish"}],
                idempotency_key=f"{post}-publish",
            )
            self.note(post, "on its way")
        except ApprovalRequiredError:
            self.note(post, "waits for approval")
        except ValidationError as error:
            self.note(post, "refused", "; ".join(issue.message for issue in error.issues))
        except NetworkError as error:
            self.note(post, "to be sent again", error.message)
        except ApiError as error:
            self.note(post, "refused", f"{error.message} ({error.request_id})")

    def send_what_is_left(self) -> None:
        """After a crash or a broken line: send again what was not handed over. Call it at start, and now and then."""
        with self.database() as db:
            left = db.execute(
                "SELECT id FROM posts WHERE state IN ('new', 'uploaded', 'to be sent again')"
            ).fetchall()
        for (post,) in left:
            self.send(post)

    def approve(self, post: str) -> None:
        """Somebody has looked at it: now it goes out."""
        [container] = self.one("SELECT container FROM posts WHERE id = ?", post)
        self.note(post, "on its way")
        self.layers.approval.approve(container, idempotency_key=f"{post}-approve")

    def note(self, post: str, state: str, note: str = "", container: str | None = None) -> None:
        """Write down where a post stands, unless it has ended by now: webhooks are quick."""
        with self.database() as db:
            db.execute(
                "UPDATE posts SET state = ?, note = ?, container = coalesce(?, container)"
                " WHERE id = ? AND state NOT IN ('published', 'failed')",
                (state, note, container, post),
            )

    # What Layers tells ---------------------------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take in an event once, however often it comes: that it was heard and what it does are one transaction."""
        with self.database() as db:
            if db.execute("INSERT OR IGNORE INTO heard VALUES (?)", (event.id,)).rowcount == 0:
                return
            end = "UPDATE posts SET state = ?, note = ? WHERE container = ?"
            if isinstance(event, PostPublishedEvent):
                db.execute(end, ("published", event.data.external_url or "", event.data.container_id))
            elif isinstance(event, PostFailedEvent):
                db.execute(end, ("failed", event.data.error.message, event.data.container_id))
            elif isinstance(event, SocialAccountNeedsReauthEvent):
                account = event.data.social_account_id
                db.execute("UPDATE customers SET reconnect = 1 WHERE account = ?", (account,))


@contextmanager
def serving(product: Product, secrets: list[str]) -> Generator[str]:
    """Serve the page that customers come back to, and the receiver of webhooks; gives the address."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state = parse_qs(urlparse(self.path).query).get("layers_state", [""])[0]
            self.answer(200, product.came_back(state))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                product.hear(webhooks.verify(body, dict(self.headers), secrets))
            except WebhookSignatureError:
                self.answer(400)
            else:
                self.answer(204)

        def answer(self, status: int, text: str = "") -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing of each request."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def main(clip: Path) -> None:
    """Play a day of the product."""
    product, secrets = Product(Layers(), Path("product.db")), list[str]()
    with serving(product, secrets) as address:
        endpoint = product.layers.webhooks.create_endpoint(
            url=f"{address}/hooks",
            events=["post.published", "post.failed", "social_account.needs_reauth"],
            idempotency_key=f"endpoint-{address}",
        )
        secrets.append(str(endpoint.secret))  # keep it where you keep passwords

        product.sign_up("acme")
        link = product.link_to_connect("acme", f"{address}/connected")
        # People click; in the sandbox consent can be had without.
        with urlopen(f"{link}&auto=acme_bakery") as page:
            print(page.read().decode())

        posts = [
            product.submit("acme", clip, caption)
            for caption in ("Morning rolls", "Buy! Buy! [fault:reject]", "Long " * 500)
        ]
        product.send_what_is_left()  # nothing is left, so nothing happens
        for post in posts[:2]:
            product.approve(post)
        for post in posts:
            print(*wait_for(product, post), sep=": ")
        product.layers.webhooks.delete_endpoint(endpoint.id)


def wait_for(product: Product, post: str) -> tuple[str, ...]:
    """Return caption, state and note of a post that has ended."""
    while True:
        caption, state, note = product.one(
            "SELECT substr(caption, 1, 30), state, note FROM posts WHERE id = ?", post
        )
        if state in DONE:
            return caption, state, note
        time.sleep(0.1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
