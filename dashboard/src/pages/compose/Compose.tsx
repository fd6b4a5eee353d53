import { AtSign } from "lucide-preact";
import { useEffect, useState } from "preact/hooks";
import { layers } from "../../api";
import { readCatalog } from "../../catalog";
import { useLoad } from "../../load";
import { pathOf, type PageProps } from "../../places";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { Empty } from "../../ui/Empty";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { beginAnew, draftOf } from "./draft";
import { Look } from "./Look";
import { MediaWell } from "./MediaWell";
import { Outcome } from "./Outcome";
import { SendBar } from "./SendBar";
import { Targets } from "./Targets";
import { Texts } from "./Texts";
import "./compose.css";

export default function Compose({ projectId }: PageProps) {
  useEffect(readCatalog, []);
  const accounts = useLoad(
    projectId,
    (signal) => layers.social.listAccounts({ projectId, limit: 100 }, { signal }).toArray(),
    ({ type }) => type.startsWith("social_account."),
  );
  const draft = draftOf(projectId);
  const [asking, setAsking] = useState(false);
  if (accounts.fault && !accounts.data) return <div class="page"><Trouble fault={accounts.fault} /></div>;
  const able = accounts.data?.filter(({ status }) => status !== "disconnected");
  if (able?.length === 0) return <NoAccounts projectId={projectId} />;
  if (draft.sent.value) return <Outcome draft={draft} sent={draft.sent.value} accounts={able ?? []} />;
  return (
    <div class="page compose">
      <header>
        <h1>Compose</h1>
        {!draft.isEmpty && (
          <Button tone="quiet" onClick={() => setAsking(true)}>
            Discard
          </Button>
        )}
      </header>
      <div class="compose-form">
        <MediaWell draft={draft} />
        <Texts draft={draft} accounts={able ?? []} />
        {able ? <Targets draft={draft} accounts={able} /> : <Skeleton height="64px" count={3} />}
      </div>
      <Look draft={draft} accounts={able ?? []} />
      <SendBar draft={draft} />
      {asking && <Discard projectId={projectId} onClose={() => setAsking(false)} />}
    </div>
  );
}

function Discard({ projectId, onClose }: { projectId: string; onClose: () => void }) {
  const [fault, setFault] = useState<unknown>();
  const discard = () => void beginAnew(projectId).then(onClose, setFault);
  return (
    <Dialog title="Discard this draft?" onClose={onClose} onSubmit={discard}>
      <p class="soft">Its words and files are gone then, here and on the server.</p>
      <Trouble fault={fault} />
      <div class="actions">
        <Button onClick={onClose}>Keep it</Button>
        <Button type="submit" tone="destroy">
          Discard
        </Button>
      </div>
    </Dialog>
  );
}

function NoAccounts({ projectId }: { projectId: string }) {
  return (
    <Empty icon={AtSign} title="Connect an account first">
      <p>What is composed here goes to the accounts of this project. There are none yet.</p>
      {can("social:write") ? (
        <div class="actions">
          <a class="button" data-tone="primary" href={pathOf(projectId, "accounts")}>
            Connect an account
          </a>
        </div>
      ) : (
        <p>Ask somebody whose key has the scope social:write.</p>
      )}
    </Empty>
  );
}
