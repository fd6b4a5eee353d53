import { useState } from "preact/hooks";
import { layers } from "../api";
import { readProjects } from "../projects";
import { can } from "../session";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Trouble } from "../ui/Notice";
import { ZoneField } from "../ui/ZoneField";

const CURL = `curl $LAYERS/v1/projects \\
  -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" \\
  -d '{"name": "First", "timezone": "Europe/Berlin"}'`;

/** Makes the first project, or says how somebody who may makes it. */
export function NewProject() {
  const [name, setName] = useState("");
  const [timezone, setTimezone] = useState(Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [fault, setFault] = useState<unknown>();
  if (!can("projects:write")) return <pre tabIndex={0}>{CURL}</pre>;
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      await layers.projects.create({ name, timezone });
      await readProjects();
    } catch (refused) {
      setFault(refused);
    }
  };
  return (
    <form class="card new-project" onSubmit={submit}>
      <Field label="Name">
        {(field) => <input {...field} required value={name} onInput={(event) => setName(event.currentTarget.value)} />}
      </Field>
      <ZoneField value={timezone} onChange={setTimezone} hint="Times are planned and shown in it." />
      <Trouble fault={fault} />
      <Button type="submit" tone="primary">
        Create the project
      </Button>
    </form>
  );
}
