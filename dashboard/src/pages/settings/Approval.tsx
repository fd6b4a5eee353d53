import type { ApprovalPolicy } from "@layers/sdk";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { useLoad } from "../../load";
import type { PageProps } from "../../places";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { useDoing } from "../../ui/doing";
import { Field } from "../../ui/Field";
import { Trouble } from "../../ui/Notice";
import { Skeleton } from "../../ui/Skeleton";
import { toast } from "../../ui/Toasts";
import { dateTime } from "../../words/times";

const TIMERS: readonly (readonly [string, string])[] = [
  ["", "Never: it waits for a person"],
  ["PT1H", "After an hour"],
  ["PT4H", "After four hours"],
  ["P1D", "After a day"],
  ["P3D", "After three days"],
  ["P7D", "After a week"],
];

export function Approval({ projectId }: PageProps) {
  const { data, fault, reload } = useLoad(projectId, (signal) => layers.approval.getPolicy({ projectId }, { signal }));
  if (fault) return <Trouble fault={fault} />;
  if (!data) return <Skeleton height="340px" />;
  return <Policy key={data.updatedAt} policy={data} onDone={reload} />;
}

function Policy({ policy, onDone }: { policy: ApprovalPolicy; onDone: () => Promise<void> }) {
  const [required, setRequired] = useState(policy.requiresApproval);
  const [first, setFirst] = useState(policy.firstNPostsBlocked ?? 0);
  const [timer, setTimer] = useState(policy.autoApproveAfter ?? "");
  const { busy, fault, run } = useDoing();
  const free = can("projects:write");
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      await layers.approval.updatePolicy({
        projectId: policy.projectId,
        requiresApproval: required,
        firstNPostsBlocked: first || null,
        autoApproveAfter: timer || null,
      });
      toast("Saved. It holds for content made from now on.");
      await onDone();
    });
  };
  const timers = TIMERS.some(([value]) => value === timer) ? TIMERS : [...TIMERS, [timer, `After ${timer}`] as const];
  return (
    <form class="card form" onSubmit={submit}>
      <fieldset disabled={!free}>
        <label class="check">
          <input type="checkbox" checked={required} onChange={(event) => setRequired(event.currentTarget.checked)} />
          <span>
            <strong>Content needs an approval</strong>
            <small class="soft">What is made from now on waits in Review before anything of it goes out.</small>
          </span>
        </label>
        {required && (
          <>
            <Field
              label="Only the first so many"
              hint="Once this many were approved, the rest needs no approval. 0: all of it does, without end."
            >
              {(field) => (
                <input
                  {...field}
                  type="number"
                  min={0}
                  max={50}
                  required
                  value={first}
                  onInput={(event) => setFirst(event.currentTarget.valueAsNumber)}
                />
              )}
            </Field>
            <Field label="Approved by itself">
              {(field) => (
                <select {...field} value={timer} onChange={(event) => setTimer(event.currentTarget.value)}>
                  {timers.map(([value, words]) => (
                    <option key={value} value={value}>
                      {words}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          </>
        )}
        <Trouble fault={fault} />
        {free ? (
          <div class="actions">
            <Button type="submit" tone="primary" busy={busy}>
              Save
            </Button>
            <span class="faint small">Last changed {dateTime(policy.updatedAt)}</span>
          </div>
        ) : (
          <p class="faint small">To change it, sign in with a key that has the scope projects:write.</p>
        )}
      </fieldset>
    </form>
  );
}
