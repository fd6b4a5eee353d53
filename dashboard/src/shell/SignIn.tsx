import { KeyRound } from "lucide-preact";
import { useState } from "preact/hooks";
import { signIn, signInFault } from "../session";
import { Button } from "../ui/Button";
import { Field } from "../ui/Field";
import { Trouble } from "../ui/Notice";

/** Takes an API key. Whoever has a link never comes here, unless the link is no good. */
export function SignIn() {
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    await signIn({ key: key.trim() });
    setBusy(false);
  };
  return (
    <div class="door">
      <main>
        <form class="card" onSubmit={submit}>
          <header>
            <img src="/dashboard/icon.svg" alt="" />
            <h1>Sign in to Layers</h1>
            <p class="soft">With an API key. It stays in this browser as a session that no script can read.</p>
          </header>
          <Field label="API key">
            {(field) => (
              <input
                {...field}
                name="key"
                type="password"
                autocomplete="current-password"
                autofocus
                required
                placeholder="lp_live_…"
                value={key}
                onInput={(event) => setKey(event.currentTarget.value)}
              />
            )}
          </Field>
          <Trouble fault={signInFault.value} />
          <Button type="submit" tone="primary" icon={KeyRound} busy={busy}>
            Sign in
          </Button>
          <details>
            <summary>I have no key</summary>
            <p>On the machine where Layers runs, this prints a link that signs you in once:</p>
            <pre tabIndex={0}>layers dashboard link</pre>
          </details>
        </form>
      </main>
    </div>
  );
}
