"""`layers content`: what is there to publish, and who lets it out."""

from itertools import islice
from typing import Annotated

import typer
from layers_sdk import ApprovalStatus

from layers.client.connection import ProfileName, connected
from layers.client.posts import Limit
from layers.client.projects import ProjectName, projects_meant
from layers.terminal import AsJson, out, print_json, table_of, tell

content = typer.Typer(help="Content: list, show, approve, reject, delete.", no_args_is_help=True)

ContainerId = Annotated[str, typer.Argument(help="The container's id, cnt_….")]


@content.command("list")
def list_content(
    project: ProjectName = None,
    approval: Annotated[ApprovalStatus | None, typer.Option(help="Only with this approval.")] = None,
    limit: Limit = 50,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List content, newest first in each project."""
    with connected(profile) as layers:
        found = [
            container
            for one in projects_meant(layers, project)
            for container in islice(layers.content.list(one.id, approval_status=approval), limit)
        ]
    if as_json:
        print_json({"items": [one.raw for one in found]})
        return
    table = table_of("id", "kind", "status", "approval", "words")
    for one in found:
        words = " ".join(one.caption.split())
        shown = words if len(words) <= 40 else f"{words[:39]}…"
        table.add_row(one.id, one.kind, one.status, one.approval_status, shown)
    out.print(table, markup=False)


@content.command("show")
def show_content(container_id: ContainerId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Show content, and where it fits."""
    with connected(profile) as layers:
        one = layers.content.get(container_id)
    if as_json:
        print_json(one.raw)
        return
    table = table_of("", "")
    for name in ("id", "kind", "status", "approvalStatus", "caption", "firstComment", "createdAt"):
        if (value := one.raw.get(name)) is not None:
            table.add_row(name, str(value))
    for asset in one.assets:
        table.add_row(
            asset.kind, f"{asset.mime_type} {asset.width}×{asset.height} {asset.size_bytes:,} bytes"
        )
    for platform, modes in one.platform_fit.items():
        for mode, fit in modes.items():
            table.add_row(f"{platform}:{mode}", "fits" if fit.fits else "; ".join(fit.problems))
    out.print(table, markup=False)


@content.command("approve")
def approve(
    container_id: ContainerId,
    note: Annotated[str | None, typer.Option(help="Why; kept in the audit log.")] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Let content out; posts that waited for it are queued."""
    with connected(profile) as layers:
        done = layers.approval.approve(container_id, note=note)
    promotion = done.pending_schedule_promotion
    posts = promotion.scheduled_post_ids if promotion else None
    words = f"Approved. Queued: {' '.join(posts)}" if posts else "Approved."
    tell(done.raw, words, as_json=as_json)


@content.command("reject")
def reject(
    container_id: ContainerId,
    reason: Annotated[str, typer.Option(help="Why.")],
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Reject content, for good."""
    with connected(profile) as layers:
        tell(layers.approval.reject(container_id, reason=reason).raw, "Rejected.", as_json=as_json)


@content.command("delete")
def delete(container_id: ContainerId, profile: ProfileName = None, as_json: AsJson = False) -> None:
    """Delete content none of whose posts are live."""
    with connected(profile) as layers:
        tell(layers.content.delete(container_id).raw, "Deleted.", as_json=as_json)
