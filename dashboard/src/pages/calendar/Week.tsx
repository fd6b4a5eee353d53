import type { CalendarDate } from "@internationalized/date";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Board } from "./board";
import { Chip, DRAGGED } from "./Chip";
import { atMinute, byDay, type Entry, minuteOf, nameOf, onDay, todayHere } from "./days";

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** Pixels of an hour; the style sheet has it, too. */
const HOUR = 56;
/** What a drop is rounded to, and what a key moves by, in minutes. */
const STEP = 15;
/** Minutes a chip covers: what begins earlier than that after another one stands beside it. */
const COVERS = 28;
const DAY = 24 * 60;

export function Week(board: Board) {
  const days = byDay(board.entries);
  const scroller = useRef<HTMLDivElement>(null);
  const first = Math.min(...board.entries.map(({ at }) => minuteOf(at)), 9 * 60);
  useEffect(() => {
    const today = scroller.current?.querySelector<HTMLElement>("[aria-current=date]");
    const clock = today?.parentElement?.firstElementChild?.clientWidth ?? 0;
    scroller.current?.scrollTo({
      top: Math.max(0, (first / 60) * HOUR - HOUR),
      left: today ? today.offsetLeft - clock : 0,
    });
  }, [board.days[0]?.toString()]);
  return (
    <div class="hours card" ref={scroller} tabIndex={0} aria-label="Week">
      <div class="names">
        <span />
        {board.days.map((day) => (
          <button
            key={String(day)}
            type="button"
            aria-current={day.compare(todayHere()) === 0 ? "date" : undefined}
            onClick={() => board.openDay(day)}
          >
            {nameOf(day, { weekday: "short" })} <b class="numbers">{day.day}</b>
          </button>
        ))}
      </div>
      <div class="grid">
        <ol class="clock numbers" aria-hidden>
          {HOURS.map((hour) => (
            <li key={hour}>{hour > 0 && `${String(hour).padStart(2, "0")}:00`}</li>
          ))}
        </ol>
        {board.days.map((day) => (
          <Column key={String(day)} day={day} entries={days.get(String(day)) ?? []} board={board} />
        ))}
      </div>
    </div>
  );
}

/** As many as can be read side by side; the rest are a number. */
const LANES = 2;

/** Groups those that would cover each other. */
function groupsOf(entries: readonly Entry[]): Entry[][] {
  const groups: Entry[][] = [];
  for (const entry of entries) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group && last && minuteOf(entry.at) - minuteOf(last.at) < COVERS) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

/** Where a chip stands in its column: `lane` of `of` side by side. */
const placeOf = (entry: Entry, lane: number, of: number) => ({
  top: `${(minuteOf(entry.at) / 60) * HOUR}px`,
  left: `${(lane / of) * 100}%`,
  width: `${100 / of}%`,
});

function Column({ day, entries, board }: { day: CalendarDate; entries: readonly Entry[]; board: Board }) {
  const [over, setOver] = useState<number>();
  const minuteAt = (event: DragEvent): number => {
    const { top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const minute = Math.round(((event.clientY - top) / HOUR) * 60 / STEP) * STEP;
    return Math.min(Math.max(minute, 0), DAY - STEP);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(undefined);
    const entry = board.entries.find(({ id }) => id === event.dataTransfer?.getData(DRAGGED));
    if (entry && board.move) void board.move(entry, atMinute(day, minuteAt(event)));
  };
  const nudge = (entry: Entry, right: number, down: number) => {
    const minute = Math.min(Math.max(minuteOf(entry.at) + down * STEP, 0), DAY - STEP);
    void board.move?.(entry, right ? onDay(entry.at, day.add({ days: right })) : atMinute(day, minute));
  };
  return (
    <div
      class="column"
      data-day={String(day)}
      aria-label={nameOf(day, { weekday: "long", day: "numeric", month: "long" })}
      role="group"
      onDragOver={(event) => {
        if (!board.move || !event.dataTransfer?.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(minuteAt(event));
      }}
      onDragLeave={() => setOver(undefined)}
      onDrop={drop}
    >
      {over !== undefined && <span class="drop" style={{ top: `${(over / 60) * HOUR}px` }} />}
      {groupsOf(entries).map(([first, ...others]) => {
        if (!first) return null;
        const shown = [first, ...others].slice(0, others.length < LANES ? LANES : LANES - 1);
        const more = 1 + others.length - shown.length;
        const of = shown.length + Number(more > 0);
        return (
          <>
            {shown.map((entry, lane) => (
              <div key={entry.id} class="at" style={placeOf(entry, lane, of)}>
                <Chip entry={entry} board={board} nudge={(right, down) => nudge(entry, right, down)} />
              </div>
            ))}
            {more > 0 && (
              <div key={`${first.id} more`} class="at" style={placeOf(first, shown.length, of)}>
                <button type="button" class="more" onClick={() => board.openDay(day)}>
                  {more} more
                </button>
              </div>
            )}
          </>
        );
      })}
    </div>
  );
}
