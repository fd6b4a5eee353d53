import type { TextLimits } from "@layers/sdk";
import { tightest } from "../words/count";

/** How much of a text's limit is used, in whichever unit is nearest to its end. */
export function Counter({ text, limits }: { text: string; limits: TextLimits }) {
  const { used, limit, of } = tightest(text, limits);
  const state = used > limit ? "over" : used > limit * 0.9 ? "near" : "fine";
  return (
    <span class="counter numbers" data-state={state}>
      {used.toLocaleString()} / {limit.toLocaleString()}
      <span class={of === "characters" ? "unseen" : undefined}> {of}</span>
    </span>
  );
}
