import { signal } from "@preact/signals";
import { CircleCheck } from "lucide-preact";
import type { ComponentChildren } from "preact";

const shown = signal<{ id: number; words: ComponentChildren }[]>([]);
const STAYS = 5_000;
let count = 0;

/** Says in passing that something was done. What went wrong belongs where it went wrong, as a `Trouble`. */
export function toast(words: ComponentChildren): void {
  const id = ++count;
  shown.value = [...shown.value, { id, words }];
  setTimeout(() => (shown.value = shown.value.filter((one) => one.id !== id)), STAYS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map(({ id, words }) => (
        <div key={id} class="toast">
          <CircleCheck size={16} aria-hidden />
          <span>{words}</span>
        </div>
      ))}
    </div>
  );
}
