import type { SocialAccount, TextLimits } from "@layers/sdk";
import { captionLimits, modeNamed, titleOf } from "../../catalog";
import { Counter } from "../../ui/Counter";
import { Field } from "../../ui/Field";
import { Glyph } from "../../ui/Glyph";
import type { Draft } from "./draft";

interface TextsProps {
  draft: Draft;
  accounts: readonly SocialAccount[];
}

/** The words that all accounts get, with a counter for each platform that has chosen accounts. */
export function Texts({ draft, accounts }: TextsProps) {
  const caption = draft.caption.value;
  const comment = draft.firstComment.value;
  const modes = chosenModes(draft, accounts);
  const captions = modes.map(([platform, mode]) => [platform, captionLimits(mode, draft.kind.value)] as const);
  const comments = modes.map(([platform, mode]) => [platform, mode?.firstComment] as const);
  return (
    <>
      <Field label="Caption" aside={<Counters text={caption} limits={captions} />}>
        {(field) => (
          <textarea
            {...field}
            rows={5}
            placeholder="What is it about?"
            value={caption}
            onInput={(event) => (draft.caption.value = event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        label="First comment"
        hint={firstCommentHint(comments)}
        aside={comment && <Counters text={comment} limits={comments} />}
      >
        {(field) => (
          <textarea
            {...field}
            rows={comment ? 2 : 1}
            placeholder="Optional"
            value={comment}
            onInput={(event) => (draft.firstComment.value = event.currentTarget.value)}
          />
        )}
      </Field>
    </>
  );
}

/** Each platform and mode that was chosen, once. */
function chosenModes(draft: Draft, accounts: readonly SocialAccount[]) {
  const found = new Map<string, ReturnType<typeof modeNamed>>();
  for (const [id, { mode }] of draft.choices.value) {
    const platform = accounts.find(({ socialAccountId }) => socialAccountId === id)?.platform;
    if (platform && !found.has(platform)) found.set(platform, modeNamed(platform, mode));
  }
  return [...found];
}

type Limits = readonly (readonly [platform: string, limits: TextLimits | null | undefined])[];

function Counters({ text, limits }: { text: string; limits: Limits }) {
  return (
    <span class="counters">
      {limits.map(([platform, limit]) =>
        limit ? (
          <span key={platform} title={titleOf(platform)}>
            <Glyph platform={platform} />
            <span class="unseen">{titleOf(platform)}</span>
            <Counter text={text} limits={limit} />
          </span>
        ) : null,
      )}
    </span>
  );
}

function firstCommentHint(limits: Limits): string | undefined {
  const without = limits.filter(([, limit]) => limit === null).map(([platform]) => titleOf(platform));
  return without.length > 0 ? `${without.join(" and ")} has no place for it here: it is left out there.` : undefined;
}
