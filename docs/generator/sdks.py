"""What every operation is called in the two SDKs."""

from generator import snippets
from generator.operations import TAGS, TITLES, in_order, where
from generator.text import table


def calls() -> str:
    """Return the tables of all calls, group by group."""
    blocks: list[str] = []
    for tag, title in TAGS.items():
        found = [one for one in in_order() if one.tag == tag and one.has_key]
        if found:
            rows = [
                (f"[{TITLES[one.id]}]({where(one)}.md)", *(f"`{name}`" for name in snippets.names(one)))
                for one in found
            ]
            blocks += [f"### {title}", table(["", "TypeScript: `layers.`", "Python: `layers.`"], rows)]
    return "\n\n".join(blocks)
