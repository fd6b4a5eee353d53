import type { CalendarDate } from "@internationalized/date";
import { isSameMonth } from "@internationalized/date";
import { useState } from "preact/hooks";
import type { Board } from "./board";
import { Chip, DRAGGED } from "./Chip";
import { byDay, type Entry, nameOf, onDay, todayHere } from "./days";

/** What a day shows before it says "more". */
const SHOWN = 4;

export function Month(board: Board) {
  const days = byDay(board.entries);
  return (
    <div class="month card" role="grid" aria-label="Month">
      <div role="row" class="names">
        {board.days.slice(0, 7).map((day) => (
          <span role="columnheader" key={String(day)} aria-label={nameOf(day, { weekday: "long" })}>
            {nameOf(day, { weekday: "short" })}
          </span>
        ))}
      </div>
      {Array.from({ length: board.days.length / 7 }, (_, week) => (
        <div role="row" class="week" key={week}>
          {board.days.slice(week * 7, week * 7 + 7).map((day) => (
            <Day key={String(day)} day={day} entries={days.get(String(day)) ?? []} board={board} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Day({ day, entries, board }: { day: CalendarDate; entries: readonly Entry[]; board: Board }) {
  const [over, setOver] = useState(false);
  const now = todayHere();
  const more = entries.length - SHOWN;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const id = event.dataTransfer?.getData(DRAGGED);
    const entry = board.entries.find((one) => one.id === id);
    if (entry && board.move) void board.move(entry, onDay(entry.at, day));
  };
  return (
    <div
      role="gridcell"
      class="day"
      data-other={!isSameMonth(day, board.at) || undefined}
      data-gap={(entries.length === 0 && day.compare(now) > 0) || undefined}
      data-over={over || undefined}
      data-day={String(day)}
      aria-current={day.compare(now) === 0 ? "date" : undefined}
      onDragOver={(event) => {
        if (!board.move || !event.dataTransfer?.types.includes(DRAGGED)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <button
        type="button"
        class="number numbers"
        aria-label={`${nameOf(day, { day: "numeric", month: "long" })}, ${entries.length} ${entries.length === 1 ? "post" : "posts"}`}
        onClick={() => board.openDay(day)}
      >
        {day.day}
      </button>
      {entries.slice(0, more > 0 ? SHOWN - 1 : SHOWN).map((entry) => (
        <Chip
          key={entry.id}
          entry={entry}
          board={board}
          nudge={(right, down) => void board.move?.(entry, onDay(entry.at, day.add({ days: right + down * 7 })))}
        />
      ))}
      {more > 0 && (
        <button type="button" class="more" onClick={() => board.openDay(day)}>
          {more + 1} more
        </button>
      )}
    </div>
  );
}
