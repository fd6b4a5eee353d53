/** The accounts posts go to: connect them, see how they are, connect them again. */
import type { AccountHealth, OAuthStatus, SocialAccount } from "@layers/sdk";
import { Plus, Users } from "lucide-preact";
import { useLocation } from "preact-iso";
import { useEffect, useState } from "preact/hooks";
import { layers } from "../../api";
import { catalog, readCatalog } from "../../catalog";
import { useLoad } from "../../load";
import type { PageProps } from "../../places";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Notice, Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { Account } from "./Account";
import { Connect } from "./Connect";
import "./accounts.css";

export interface Looked {
  account: SocialAccount;
  /** undefined: a disconnected account has none. */
  health: AccountHealth | undefined;
}

async function look(projectId: string, signal: AbortSignal): Promise<Looked[]> {
  const accounts = await layers.social.listAccounts({ projectId, limit: 100 }, { signal }).toArray();
  return Promise.all(
    accounts.map(async (account) => ({
      account,
      health:
        account.status === "disconnected"
          ? undefined
          : await layers.social.getAccountHealth({ accountId: account.socialAccountId }, { signal }),
    })),
  );
}

const RANK = { reauth_required: 0, connected: 1, disconnected: 2 };

export default function Accounts({ projectId }: PageProps) {
  const [connecting, setConnecting] = useState(false);
  useEffect(readCatalog, []);
  const { data, fault, reload } = useLoad(
    projectId,
    (signal) => look(projectId, signal),
    ({ type }) => type.startsWith("social_account.") || type === "post.published",
  );
  const accounts = data?.toSorted(
    ({ account: a }, { account: b }) => RANK[a.status] - RANK[b.status] || a.platform.localeCompare(b.platform),
  );
  const lost = accounts?.filter(({ account }) => account.status === "reauth_required") ?? [];
  const waiting = lost.reduce((sum, { health }) => sum + (health?.postsWaiting ?? 0), 0);
  return (
    <div class="page">
      <header>
        <div>
          <h1>Accounts</h1>
          <p>Where this project's posts go.</p>
        </div>
        {can("social:write") && (
          <Button tone="primary" icon={Plus} onClick={() => setConnecting(true)}>
            Connect an account
          </Button>
        )}
      </header>
      <div class="accounts-news">
        <Returned onDone={reload} />
        {lost.length > 0 && (
          <Notice tone="trouble">
            <strong>{lost.length === 1 ? "One account must be reconnected." : `${lost.length} accounts must be reconnected.`}</strong>{" "}
            {waiting > 0 ? `${waiting} ${waiting === 1 ? "post waits" : "posts wait"} for it and go out afterwards.` : "Posts to come will wait for it."}
          </Notice>
        )}
        <Trouble fault={fault} />
      </div>
      {!data && !fault && (
        <div class="accounts">
          <Skeleton height="212px" count={2} />
        </div>
      )}
      {accounts && accounts.length > 0 && (
        <ul class="accounts" aria-label="Accounts">
          {accounts.map((looked) => (
            <Account key={looked.account.socialAccountId} projectId={projectId} {...looked} onDone={reload} />
          ))}
        </ul>
      )}
      {data?.length === 0 && (
        <Empty icon={Users} title="No account yet">
          <p>
            Connect {catalog.value?.map(({ title }) => title).join(", ") ?? "an account"}: its owner consents on the
            platform's own page, and comes back here.
          </p>
          {can("social:write") && (
            <div class="actions">
              <Button tone="primary" icon={Plus} onClick={() => setConnecting(true)}>
                Connect an account
              </Button>
            </div>
          )}
        </Empty>
      )}
      {connecting && <Connect projectId={projectId} onClose={() => setConnecting(false)} onDone={reload} />}
    </div>
  );
}

/** What became of a consent one comes back from; the address is cleared of it. */
function Returned({ onDone }: { onDone: () => Promise<void> }) {
  const { query, path, route } = useLocation();
  const state = query.layers_state;
  const [outcome, setOutcome] = useState<OAuthStatus>();
  const [fault, setFault] = useState<unknown>();
  useEffect(() => {
    if (!state) return;
    route(path, true);
    layers.social
      .getOauthStatus({ stateId: state })
      .then((found) => {
        setOutcome(found);
        return onDone();
      })
      .catch(setFault);
  }, [state]);
  if (fault) return <Trouble fault={fault} />;
  if (!outcome) return null;
  const count = outcome.socialAccountIds?.length ?? 1;
  if (outcome.status === "completed") {
    return <Notice tone="good">{count > 1 ? `${count} accounts are connected.` : "The account is connected."}</Notice>;
  }
  const why = outcome.error?.message;
  return (
    <Notice tone="trouble">
      {typeof why === "string" ? why : "The consent was not finished. Start again."}
      {typeof outcome.error?.code === "string" && <span class="request">{outcome.error.code}</span>}
    </Notice>
  );
}
