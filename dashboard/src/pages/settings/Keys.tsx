import type { ApiKey } from "@layers/sdk";
import { KeyRound, Plus } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { useLoad } from "../../load";
import { can, who } from "../../session";
import { Ask } from "../../ui/Ask";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";
import { Field } from "../../ui/Field";
import { Trouble } from "../../ui/Notice";
import { Secret } from "../../ui/Secret";
import { Skeleton } from "../../ui/Skeleton";
import { Ticks } from "../../ui/Ticks";
import { day, fromNow } from "../../words/times";

const SCOPES = [
  "projects:read",
  "projects:write",
  "content:read",
  "content:write",
  "content:approve",
  "publish:read",
  "publish:write",
  "social:read",
  "social:write",
  "webhooks:read",
  "webhooks:write",
  "audit:read",
  "keys:read",
  "keys:write",
];
/** What people make keys for. */
const ROLES: readonly (readonly [string, readonly string[]])[] = [
  ["Everything", ["*"]],
  ["Publish", SCOPES.filter((scope) => /^(projects:read|content:(read|write)|publish|social:read)/.test(scope))],
  ["Review", ["projects:read", "content:read", "content:approve", "publish:read", "social:read"]],
  ["Look", SCOPES.filter((scope) => scope.endsWith(":read"))],
];

type Doing = { what: "create" } | { what: "rotate" | "kill" | "delete"; key: ApiKey };

export function Keys() {
  const [doing, setDoing] = useState<Doing>();
  const [shown, setShown] = useState<{ name: string; key: string }>();
  const { data, fault, reload } = useLoad("keys", (signal) => layers.apiKeys.list({ limit: 100 }, { signal }).toArray(500));
  const free = can("keys:write");
  const done = { onClose: () => setDoing(undefined), onDone: reload, onShown: setShown };
  return (
    <section class="part">
      <div class="part-head">
        <p class="soft">Keys of the {who.value?.environment} environment. A secret is shown once, when it is made.</p>
        {free && (
          <Button icon={Plus} onClick={() => setDoing({ what: "create" })}>
            Make a key
          </Button>
        )}
      </div>
      {shown && (
        <Secret title={`The key “${shown.name}”`} secret={shown.key} onClose={() => setShown(undefined)}>
          Copy it now: it is not shown again.
        </Secret>
      )}
      <Trouble fault={fault} />
      {!data && !fault && <Skeleton height="64px" count={3} />}
      {data?.length === 0 && <Empty icon={KeyRound} title="No keys" />}
      {data && data.length > 0 && (
        <ul class="rows card" aria-label="Keys">
          {data.map((key) => (
            <li key={key.apiKeyId}>
              <div class="words">
                <strong>{key.name || "Unnamed"}</strong>
                <small class="faint">
                  <code>{key.prefix}…</code> · {key.scopes.includes("*") ? "everything" : key.scopes.join(", ")}
                </small>
                <small class="faint">
                  {key.lastUsedAt ? `used ${fromNow(key.lastUsedAt)}` : "never used"} · made {day(key.createdAt)}
                  {key.expiresAt && ` · ends ${day(key.expiresAt)}`}
                </small>
              </div>
              <span class="status" data-status={key.status === "active" ? "connected" : "canceled"}>
                {key.apiKeyId === who.value?.apiKeyId ? "You" : key.status}
              </span>
              {free && (
                <div class="actions">
                  <Button tone="quiet" onClick={() => setDoing({ what: "rotate", key })}>
                    Rotate
                  </Button>
                  <Button tone="quiet" disabled={key.status === "killed"} onClick={() => setDoing({ what: "kill", key })}>
                    Kill
                  </Button>
                  <Button tone="quiet" onClick={() => setDoing({ what: "delete", key })}>
                    Delete
                  </Button>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {doing?.what === "create" && <Create {...done} />}
      {doing && doing.what !== "create" && <Change key={doing.key.apiKeyId} apiKey={doing.key} what={doing.what} {...done} />}
    </section>
  );
}

interface Done {
  onClose: () => void;
  onDone: () => Promise<void>;
  onShown: (shown: { name: string; key: string }) => void;
}

function Create({ onClose, onDone, onShown }: Done) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(ROLES[1]?.[1] ?? []);
  const act = async () => {
    const made = await layers.apiKeys.create({ name, scopes: [...scopes] });
    onShown({ name, key: made.key });
    await onDone();
  };
  return (
    <Ask title="Make a key" yes="Make it" act={act} onClose={onClose}>
      <Field label="Name" hint="What it is for; it stands in the audit log.">
        {(field) => (
          <input {...field} required maxLength={200} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        )}
      </Field>
      <Ticks legend="It may" choices={SCOPES} value={scopes} all={scopes.includes("*")} onChange={setScopes}>
        <div class="actions">
          {ROLES.map(([role, held]) => (
            <Button key={role} aria-pressed={String(held) === String(scopes)} onClick={() => setScopes(held)}>
              {role}
            </Button>
          ))}
        </div>
      </Ticks>
    </Ask>
  );
}

const CHANGES = {
  rotate: ["Rotate", "The old secret is dead at once; whoever uses it needs the new one."],
  kill: ["Kill", "The next request with it is refused, and its dashboard sessions end. A killed key stays killed."],
  delete: ["Delete", "It is refused from now on and disappears from this list."],
} as const;

function Change({ apiKey, what, onClose, onDone, onShown }: Done & { apiKey: ApiKey; what: keyof typeof CHANGES }) {
  const [word, consequence] = CHANGES[what];
  const { apiKeyId, name } = apiKey;
  const act = async () => {
    if (what === "rotate") onShown({ name, key: (await layers.apiKeys.rotate({ apiKeyId })).key });
    else await layers.apiKeys[what]({ apiKeyId });
    await onDone();
  };
  return (
    <Ask title={`${word} “${name}”?`} yes={word} no="Leave it" tone="destroy" act={act} onClose={onClose}>
      <p>{consequence}</p>
      {apiKeyId === who.value?.apiKeyId && <p>It is the key you are signed in with: you will be signed out.</p>}
    </Ask>
  );
}
