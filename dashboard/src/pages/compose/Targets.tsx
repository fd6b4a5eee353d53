import type { Platform, PlatformMode, SocialAccount } from "@layers/sdk";
import { SlidersHorizontal } from "lucide-preact";
import { useState } from "preact/hooks";
import { catalog, captionLimits, titleOf, wordsOf } from "../../catalog";
import { Avatar } from "../../ui/Avatar";
import { Button } from "../../ui/Button";
import { Counter } from "../../ui/Counter";
import { Field } from "../../ui/Field";
import { Notice } from "../../ui/Notice";
import type { Choice, Draft } from "./draft";
import { OptionField } from "./OptionField";

interface TargetsProps {
  draft: Draft;
  accounts: readonly SocialAccount[];
}

/** Every account with every way it can take the content; what it cannot take is disabled and says why. */
export function Targets({ draft, accounts }: TargetsProps) {
  return (
    <fieldset class="targets">
      <legend>Where it goes</legend>
      {accounts.map((account) => (
        <Row
          key={account.socialAccountId}
          draft={draft}
          account={account}
          platform={catalog.value?.find(({ platform }) => platform === account.platform)}
        />
      ))}
    </fieldset>
  );
}

interface RowProps {
  draft: Draft;
  account: SocialAccount;
  platform: Platform | undefined;
}

function Row({ draft, account, platform }: RowProps) {
  const id = account.socialAccountId;
  const choice = draft.choices.value.get(id);
  const [open, setOpen] = useState(false);
  const away = account.status === "connected" ? undefined : "It has to be connected again first.";
  const modes = platform?.modes ?? [];
  const reasons = new Map(modes.map((mode) => [mode.mode, away ?? misfit(draft, account.platform, mode)]));
  const chosen = modes.find(({ mode }) => mode === choice?.mode);
  const choose = (mode: string) =>
    draft.choose(id, choice?.mode === mode ? undefined : { options: {}, ...choice, mode });
  const none = modes.length > 0 && modes.every(({ mode }) => reasons.get(mode));
  return (
    <div class="card target" data-chosen={choice ? true : undefined}>
      <div class="target-line">
        <Avatar account={account} side={34} />
        <div class="target-name">
          <strong>{account.displayName || account.handle}</strong>
          <small class="faint">
            {titleOf(account.platform)} · {account.handle}
          </small>
        </div>
        <div class="modes" role="group" aria-label={`${titleOf(account.platform)} ${account.handle}`}>
          {modes.map(({ mode, about }) => (
            <button
              type="button"
              key={mode}
              aria-pressed={choice?.mode === mode}
              disabled={reasons.get(mode) !== undefined && choice?.mode !== mode}
              title={reasons.get(mode) ?? about}
              onClick={() => choose(mode)}
            >
              {wordsOf(mode)}
            </button>
          ))}
        </div>
        {choice && (
          <Button
            tone="quiet"
            icon={SlidersHorizontal}
            aria-label={`Adjust ${account.handle} on ${titleOf(account.platform)}`}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          />
        )}
      </div>
      {none && <p class="target-why">{reasons.get(modes[0]!.mode)}</p>}
      {choice && <Issues draft={draft} account={account} choice={choice} />}
      {choice && chosen && open && <Details draft={draft} account={account} mode={chosen} choice={choice} />}
    </div>
  );
}

/** Why a mode cannot take the content: what the server found, or until it knows the content, what the catalog says. */
function misfit(draft: Draft, platform: string, mode: PlatformMode): string | undefined {
  const container = draft.container.value;
  const fit = container?.platformFit[platform]?.[mode.mode];
  const media = draft.kind.value;
  if (!(media in mode.kinds)) return `Takes ${Object.keys(mode.kinds).join(", ")}; this is ${media}.`;
  // Words are still being written: their length is shown where they are.
  const lasting = fit?.problems.filter((problem) => !/^The (caption|first comment)|^A caption/.test(problem));
  return lasting?.[0];
}

interface DetailsProps {
  draft: Draft;
  account: SocialAccount;
  choice: Choice;
}

function Issues({ draft, account, choice }: DetailsProps) {
  const id = account.socialAccountId;
  const general = ["", "mode", "socialAccountId", "captionOverride", "firstCommentOverride"].flatMap((field) =>
    draft.issuesOf(id, field),
  );
  const index = [...draft.choices.value.keys()].indexOf(id);
  const twice = draft.verdict.value?.issues.some(
    ({ path, code }) => path === `targets[${index}]` && code === "duplicate_post",
  );
  if (twice) {
    return (
      <Notice tone="care">
        This content went to this account a moment ago, or will at about this time. A second post is probably a mistake.
        <div class="actions">
          <Button onClick={() => draft.choose(id, { ...choice, allowDuplicate: true })}>Post it twice all the same</Button>
        </div>
      </Notice>
    );
  }
  if (general.length === 0) return null;
  return (
    <ul class="target-issues">
      {general.map((message) => (
        <li key={message} class="issue">
          {message}
        </li>
      ))}
    </ul>
  );
}

/** What is different on this account alone. */
function Details({ draft, account, mode, choice }: DetailsProps & { mode: PlatformMode }) {
  const id = account.socialAccountId;
  const limits = captionLimits(mode, draft.kind.value);
  const change = (changed: Partial<Choice>) => draft.choose(id, { ...choice, ...changed });
  const setOption = (name: string, value: unknown) => {
    const { [name]: _, ...others } = choice.options;
    change({ options: value === undefined ? others : { ...others, [name]: value } });
  };
  return (
    <div class="target-details">
      {limits && (
        <Field label="Caption here" aside={<Counter text={choice.caption ?? draft.caption.value} limits={limits} />}>
          {(field) => (
            <textarea
              {...field}
              rows={3}
              placeholder={draft.caption.value || "As above"}
              value={choice.caption ?? ""}
              onInput={(event) => change({ caption: event.currentTarget.value || undefined })}
            />
          )}
        </Field>
      )}
      {mode.firstComment && (
        <Field label="First comment here">
          {(field) => (
            <input
              {...field}
              placeholder={draft.firstComment.value || "As above"}
              value={choice.firstComment ?? ""}
              onInput={(event) => change({ firstComment: event.currentTarget.value || undefined })}
            />
          )}
        </Field>
      )}
      {Object.entries(mode.options).map(([name, option]) => (
        <OptionField
          key={name}
          name={name}
          option={option}
          value={choice.options[name]}
          fallback={account.postDefaults[name]}
          files={draft.files.value}
          issues={draft.issuesOf(id, `platformOptions.${name}`)}
          onChange={(value) => setOption(name, value)}
        />
      ))}
    </div>
  );
}
