import { useState } from "preact/hooks";
import { layers } from "../../api";
import type { PageProps } from "../../places";
import { project, readProjects } from "../../projects";
import { can } from "../../session";
import { Button } from "../../ui/Button";
import { useDoing } from "../../ui/doing";
import { Field } from "../../ui/Field";
import { Trouble } from "../../ui/Notice";
import { toast } from "../../ui/Toasts";
import { ZoneField } from "../../ui/ZoneField";

export function ProjectForm({ projectId }: PageProps) {
  const known = project.value;
  const [name, setName] = useState(known?.name ?? "");
  const [timezone, setTimezone] = useState(known?.timezone ?? "UTC");
  const [lead, setLead] = useState(known?.publishLeadSeconds ?? 0);
  const { busy, fault, run } = useDoing();
  const free = can("projects:write");
  const submit = (event: Event) => {
    event.preventDefault();
    void run(async () => {
      await layers.projects.update({ projectId, name, timezone, publishLeadSeconds: lead });
      await readProjects();
      toast("Saved.");
    });
  };
  return (
    <form class="card form" onSubmit={submit}>
      <fieldset disabled={!free}>
        <Field label="Name">
          {(field) => <input {...field} required value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        </Field>
        <ZoneField
          value={timezone}
          onChange={setTimezone}
          hint="Times are planned and shown in it. Posts that are queued keep their instant."
        />
        <Field label="Seconds to think again" hint="Publish now waits this long, and can be canceled meanwhile: 0 to 300.">
          {(field) => (
            <input
              {...field}
              type="number"
              min={0}
              max={300}
              required
              value={lead}
              onInput={(event) => setLead(event.currentTarget.valueAsNumber)}
            />
          )}
        </Field>
        <p class="faint small">
          Project <code>{projectId}</code>
        </p>
        <Trouble fault={fault} />
        {free && (
          <div class="actions">
            <Button type="submit" tone="primary" busy={busy}>
              Save
            </Button>
          </div>
        )}
      </fieldset>
    </form>
  );
}
