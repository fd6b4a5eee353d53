"""`layers operator`: what the operator does to posts and accounts of all organisations, without a key."""

import typer

from layers.cli_accounts import accounts
from layers.cli_posts import posts

operator = typer.Typer(
    help="Posts and accounts of all organisations, on this installation's database and without a key.",
    no_args_is_help=True,
)
operator.add_typer(posts, name="posts")
operator.add_typer(accounts, name="accounts")
