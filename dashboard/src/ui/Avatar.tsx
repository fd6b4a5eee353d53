import type { SocialAccount } from "@layers/sdk";
import { useState } from "preact/hooks";
import { Glyph } from "./Glyph";

type Person = Pick<SocialAccount, "platform" | "handle" | "displayName" | "avatarUrl">;

/** An account's picture, or the first letter of its name, with the platform's sign. `side` in pixels. */
export function Avatar({ account, side = 32, bare }: { account: Person; side?: number; bare?: boolean }) {
  const name = account.displayName || account.handle;
  // Platforms give addresses that end.
  const [gone, setGone] = useState<string>();
  const url = account.avatarUrl === gone ? null : account.avatarUrl;
  return (
    <span class="avatar" style={{ "--side": `${side}px` }} aria-hidden>
      {url ? (
        <img src={url} alt="" referrerpolicy="no-referrer" onError={() => setGone(url)} />
      ) : (
        (name.replace(/^@/, "")[0] ?? "?").toUpperCase()
      )}
      {!bare && <Glyph platform={account.platform} />}
    </span>
  );
}
