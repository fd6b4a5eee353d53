import type { SocialAccount } from "@layers/sdk";
import { useState } from "preact/hooks";
import { wordsOf } from "../../catalog";
import type { Item } from "../../previews/Media";
import { Preview } from "../../previews/Preview";
import { Avatar } from "../../ui/Avatar";
import type { Draft, Picked } from "./draft";

interface LookProps {
  draft: Draft;
  accounts: readonly SocialAccount[];
}

/** What it will look like, from the files of this page: nothing has to be uploaded for it. */
export function Look({ draft, accounts }: LookProps) {
  const [seen, setSeen] = useState<string>();
  const chosen = accounts.filter(({ socialAccountId }) => draft.choices.value.has(socialAccountId));
  const account = chosen.find(({ socialAccountId }) => socialAccountId === seen) ?? chosen[0];
  const choice = account && draft.choices.value.get(account.socialAccountId);
  if (!account || !choice || draft.isEmpty) {
    return (
      <aside class="look" aria-label="Preview">
        <p class="look-empty faint">Write something and choose where it goes: here you see what it will look like.</p>
      </aside>
    );
  }
  return (
    <aside class="look" aria-label="Preview">
      {chosen.length > 1 && (
        <div class="look-tabs" role="group" aria-label="Seen on">
          {chosen.map((one) => (
            <button
              type="button"
              key={one.socialAccountId}
              aria-pressed={one === account}
              aria-label={`${one.platform} ${one.handle}`}
              onClick={() => setSeen(one.socialAccountId)}
            >
              <Avatar account={one} side={28} />
            </button>
          ))}
        </div>
      )}
      <Preview
        account={account}
        mode={choice.mode}
        kind={draft.kind.value}
        items={draft.files.value.map(itemOf)}
        caption={choice.caption ?? draft.caption.value}
        firstComment={choice.firstComment ?? (draft.firstComment.value || null)}
        options={{ ...account.postDefaults, ...choice.options }}
      />
      <small class="faint">{wordsOf(choice.mode)}</small>
    </aside>
  );

  function itemOf({ key, file, url }: Picked, index: number): Item {
    const made = draft.container.value?.assets[index];
    const kind = file.type.startsWith("video/") ? "video" : "image";
    return { id: key, kind, url, mimeType: file.type, width: made?.width ?? null, height: made?.height ?? null };
  }
}
