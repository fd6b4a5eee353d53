import { TriangleAlert } from "lucide-preact";
import { titleOf } from "../../catalog";
import { pathOf } from "../../places";
import { Glyph } from "../../ui/Glyph";
import { STATUS_WORDS } from "../../ui/Status";
import { time } from "../../words/times";
import type { Board } from "./board";
import type { Entry } from "./days";

/** What a drag carries. */
export const DRAGGED = "application/x-layers-post";

interface ChipProps {
  entry: Entry;
  board: Board;
  /** Moves it by this many steps of the view, to the side and downwards. */
  nudge?: (right: number, down: number) => void;
}

const KEYS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export const movable = (entry: Entry, board: Board): boolean => entry.status === "queued" && board.move !== undefined;

/** One post in a month or a week: a link to it, dragged or moved by Shift and the arrows while it is queued. */
export function Chip({ entry, board, nudge }: ChipProps) {
  const accounts = entry.accountIds.map(board.accountOf);
  const free = movable(entry, board);
  const close = board.collisions.has(entry.id);
  const pressed = (event: KeyboardEvent) => {
    const by = KEYS[event.key];
    if (!by || !event.shiftKey || !free || !nudge) return;
    event.preventDefault();
    nudge(...by);
  };
  return (
    <a
      class="chip"
      href={entry.post ? pathOf(board.projectId, "posts", entry.id) : pathOf(board.projectId, "review")}
      data-status={entry.status}
      data-entry={entry.id}
      draggable={free}
      aria-keyshortcuts={free && nudge ? "Shift+ArrowLeft Shift+ArrowRight" : undefined}
      title={entry.caption}
      onKeyDown={pressed}
      onDragStart={(event) => {
        event.dataTransfer?.setData(DRAGGED, entry.id);
        event.dataTransfer?.setData("text/plain", entry.id);
      }}
    >
      <span class="unseen">{STATUS_WORDS[entry.status]}, </span>
      <time class="numbers" dateTime={entry.at}>
        {time(entry.at)}
      </time>
      {accounts.map((account, index) =>
        account ? (
          <span key={account.socialAccountId} title={`${account.handle} on ${titleOf(account.platform)}`}>
            <Glyph platform={account.platform} />
            <span class="unseen">{titleOf(account.platform)}, </span>
          </span>
        ) : entry.post ? (
          <Glyph key={index} platform={entry.post.platform} />
        ) : null,
      )}
      <span class="caption">{entry.caption || "No caption"}</span>
      {close && (
        <span class="close" title="Less than a quarter of an hour from another post of this account">
          <TriangleAlert size={13} aria-label="Close to another post" />
        </span>
      )}
    </a>
  );
}
