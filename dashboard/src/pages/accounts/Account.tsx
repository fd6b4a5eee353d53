import type { AccountHealth } from "@layers/sdk";
import { RefreshCw, Unplug } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { platformNamed, titleOf, wordsOf } from "../../catalog";
import { can } from "../../session";
import { Avatar } from "../../ui/Avatar";
import { Ask } from "../../ui/Ask";
import { Button } from "../../ui/Button";
import { useDoing } from "../../ui/doing";
import { Trouble } from "../../ui/Notice";
import { Status } from "../../ui/Status";
import { toast } from "../../ui/Toasts";
import { dateTime, day, fromNow } from "../../words/times";
import type { Looked } from "./Accounts";

interface AccountProps extends Looked {
  projectId: string;
  onDone: () => Promise<void>;
}

/** One account: who it is, how it is, what can be done about it. */
export function Account({ account, health, projectId, onDone }: AccountProps) {
  const [leaving, setLeaving] = useState(false);
  const { busy, fault, run } = useDoing();
  const { socialAccountId, status } = account;
  const lost = status === "reauth_required";
  const reconnect = async () => {
    const returnUrl = location.origin + location.pathname;
    const { authorizeUrl } = await layers.social.createReauthUrl({ projectId, socialAccountId, returnUrl });
    location.assign(authorizeUrl);
  };
  return (
    <li class="account card" data-status={status}>
      <header>
        <Avatar account={account} side={44} />
        <div>
          <h2>{account.displayName || account.handle}</h2>
          <p class="soft">
            {account.handle} · {titleOf(account.platform)}
          </p>
        </div>
        <Status status={status} />
      </header>
      {health ? <Health health={health} platform={account.platform} /> : <Gone account={account} />}
      <Trouble fault={fault} />
      {can("social:write") && status !== "disconnected" && (
        <div class="actions">
          <Button tone={lost ? "primary" : "quiet"} icon={RefreshCw} busy={busy} onClick={() => void run(reconnect)}>
            Reconnect
          </Button>
          <Button tone="quiet" icon={Unplug} onClick={() => setLeaving(true)}>
            Disconnect
          </Button>
        </div>
      )}
      {leaving && <Leave account={account} onClose={() => setLeaving(false)} onDone={onDone} />}
    </li>
  );
}

const TOKEN_WORDS: Record<AccountHealth["token"], string> = {
  valid: "Renewed by itself",
  unlimited: "Does not end",
  expiring: "Ends soon",
  expired: "Has ended",
  missing: "None",
  refused: "Refused by the platform",
  unreadable: "Sealed with a key that is gone",
};

function Health({ health, platform }: { health: AccountHealth; platform: string }) {
  const caps = Object.entries(health.postsLeftTodayByMode);
  return (
    <dl class="health">
      <div>
        <dt>Access</dt>
        <dd>
          {TOKEN_WORDS[health.token]}
          {health.reconnectBefore && <small>reconnect before {day(health.reconnectBefore)}</small>}
        </dd>
      </div>
      <div>
        <dt>Last published</dt>
        <dd title={health.lastPublishedAt ? dateTime(health.lastPublishedAt) : undefined}>
          {health.lastPublishedAt ? fromNow(health.lastPublishedAt) : "Never"}
        </dd>
      </div>
      <div>
        <dt>Posts left today</dt>
        <dd>
          {caps.length === 0
            ? "No cap"
            : caps.map(([mode, left]) => <Cap key={mode} mode={mode} left={left} platform={platform} />)}
        </dd>
      </div>
      <div>
        <dt>Wait for a reconnect</dt>
        <dd>{health.postsWaiting === 0 ? "No posts" : health.postsWaiting}</dd>
      </div>
      {health.holdUntil && (
        <div>
          <dt>Paused by the platform</dt>
          <dd>Goes on {fromNow(health.holdUntil)}</dd>
        </div>
      )}
    </dl>
  );
}

function Cap({ mode, left, platform }: { mode: string; left: number; platform: string }) {
  const cap = platformNamed(platform)?.dailyCaps.find(({ modes }) => modes.includes(mode));
  const most = Math.max(cap?.posts ?? left, 1);
  return (
    <span class="cap">
      {left} <small>{wordsOf(mode)}</small>
      <meter min={0} max={most} low={most / 5} optimum={most} value={left} aria-label={`${wordsOf(mode)}: ${left} of ${most} left`} />
    </span>
  );
}

function Gone({ account }: { account: Looked["account"] }) {
  return (
    <p class="soft">
      Disconnected{account.disconnectedAt ? ` ${fromNow(account.disconnectedAt)}` : ""}. Connect it again and its id stays
      the same.
    </p>
  );
}

interface LeaveProps {
  account: Looked["account"];
  onClose: () => void;
  onDone: () => Promise<void>;
}

function Leave({ account, onClose, onDone }: LeaveProps) {
  const act = async () => {
    const left = await layers.social.disconnectAccount({ accountId: account.socialAccountId });
    const count = left.canceledScheduledPosts;
    toast(count > 0 ? `Disconnected, and ${count} ${count === 1 ? "post" : "posts"} canceled.` : "Disconnected.");
    await onDone();
  };
  return (
    <Ask title={`Disconnect ${account.handle}?`} yes="Disconnect" no="Keep it" tone="destroy" act={act} onClose={onClose}>
      <p>Its queued posts are canceled at once, its tokens are deleted. What is published stays where it is.</p>
    </Ask>
  );
}
