import { useEffect, useRef } from "preact/hooks";
import { titleOf, wordsOf } from "../../catalog";
import { pathOf } from "../../places";
import { Avatar } from "../../ui/Avatar";
import { Status } from "../../ui/Status";
import { time } from "../../words/times";
import type { Board } from "./board";
import { byDay, type Entry, nameOf, todayHere } from "./days";

/** Day by day; begins at the day one came from. */
export function List(board: Board) {
  const days = byDay(board.entries);
  const start = useRef<HTMLElement>(null);
  const target = board.at.toString();
  const filled = board.days.filter((day) => days.has(String(day)));
  const first = filled.find((day) => day.compare(board.at) >= 0);
  useEffect(() => {
    if (first !== filled[0]) start.current?.scrollIntoView({ block: "start" });
  }, [target]);
  return (
    <div class="list">
      {filled.map((day) => (
        <section key={String(day)} ref={day === first ? start : undefined} aria-label={nameOf(day, { dateStyle: "full" })}>
          <h2 aria-current={day.compare(todayHere()) === 0 ? "date" : undefined}>
            {nameOf(day, { weekday: "long", day: "numeric", month: "long" })}
          </h2>
          <ul class="card">
            {days.get(String(day))?.map((entry) => (
              <Line key={entry.id} entry={entry} board={board} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Line({ entry, board }: { entry: Entry; board: Board }) {
  const [first, ...others] = entry.accountIds.map(board.accountOf);
  const where = first ? titleOf(first.platform) : entry.post ? titleOf(entry.post.platform) : "";
  return (
    <li>
      <a href={entry.post ? pathOf(board.projectId, "posts", entry.id) : pathOf(board.projectId, "review")}>
        <time class="numbers" dateTime={entry.at}>
          {time(entry.at)}
        </time>
        {first && <Avatar account={first} side={30} />}
        <span class="words">
          <span>{entry.caption || "No caption"}</span>
          <small class="faint">
            {[first?.handle, where, entry.post && wordsOf(entry.post.mode)].filter(Boolean).join(" · ")}
            {others.length > 0 && ` and ${others.length} more`}
            {board.collisions.has(entry.id) && " · close to another post of this account"}
          </small>
        </span>
        <Status status={entry.status} />
      </a>
    </li>
  );
}
