/** How many containers of the open project wait for a review; the navigation shows it. */
import { effect, signal } from "@preact/signals";
import { layers } from "../api";
import { listen } from "../live";
import { openId } from "../projects";
import { can } from "../session";

/** More is as good as "many". */
const MOST = 100;

export const waiting = signal(0);

async function countWaiting(): Promise<void> {
  const projectId = openId.value;
  if (!projectId || !can("content:read")) return;
  try {
    const { items } = await layers.content.list({ projectId, approvalStatus: "pending", limit: MOST });
    if (projectId === openId.peek()) waiting.value = items.length;
  } catch {
    // The page that is open says what is wrong; this is decoration.
  }
}

effect(() => {
  waiting.value = 0;
  void countWaiting();
});
listen(({ type }) => {
  if (type === "*" || type.startsWith("content.")) void countWaiting();
});
