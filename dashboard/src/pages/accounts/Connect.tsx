import type { Platform } from "@layers/sdk";
import { ChevronLeft } from "lucide-preact";
import { useState } from "preact/hooks";
import { layers } from "../../api";
import { catalog } from "../../catalog";
import { who } from "../../session";
import { Button } from "../../ui/Button";
import { Dialog } from "../../ui/Dialog";
import { useDoing } from "../../ui/doing";
import { Field } from "../../ui/Field";
import { Glyph } from "../../ui/Glyph";
import { Trouble } from "../../ui/Notice";
import { Switch } from "../../ui/Switch";
import { toast } from "../../ui/Toasts";

interface ConnectProps {
  projectId: string;
  onClose: () => void;
  onDone: () => Promise<void>;
}

/** First the platform, then the way: its owner consents, or a credential one already has. */
export function Connect(props: ConnectProps) {
  const [platform, setPlatform] = useState<Platform>();
  if (platform) return <Ways {...props} platform={platform} onBack={() => setPlatform(undefined)} />;
  return (
    <Dialog title="Connect an account" onClose={props.onClose}>
      <ul class="choose">
        {catalog.value?.map((one) => (
          <li key={one.platform}>
            <button type="button" onClick={() => setPlatform(one)}>
              <Glyph platform={one.platform} />
              {one.title}
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

interface WaysProps extends ConnectProps {
  platform: Platform;
  onBack: () => void;
}

function Ways({ platform, projectId, onClose, onBack, onDone }: WaysProps) {
  const test = who.value?.environment === "test";
  const { connect } = platform;
  const [byConsent, setByConsent] = useState(connect.consent);
  const [service, setService] = useState(connect.services[0] ?? "");
  const [credential, setCredential] = useState<Record<string, string>>({});
  const { busy, fault, run } = useDoing();

  const consent = async () => {
    const returnUrl = location.origin + location.pathname;
    const { authorizeUrl } = await layers.social.createOauthUrl({
      projectId,
      platform: platform.platform,
      returnUrl,
      ...(service && { service }),
    });
    location.assign(authorizeUrl);
  };
  const present = async () => {
    const account = await layers.social.connectAccount({ projectId, platform: platform.platform, credential });
    toast(`${account.handle} is connected.`);
    onClose();
    await onDone();
  };
  const submit = () => void run(byConsent ? consent : present);
  // In the sandbox a name is all it takes.
  const fields = test ? { handle: "any name you like: the account is made up by the sandbox" } : connect.credential;
  return (
    <Dialog title={`Connect ${platform.title}`} onClose={onClose} onSubmit={submit}>
      {connect.consent && (
        <Switch
          label="How"
          choices={[
            ["consent", "By consent"],
            ["credential", test ? "By a made-up name" : "With a credential"],
          ]}
          value={byConsent ? "consent" : "credential"}
          onChange={(way) => setByConsent(way === "consent")}
        />
      )}
      {byConsent ? (
        <>
          <p class="soft">
            {test
              ? `You go to the sandbox's page of ${platform.title}, allow it there, and come back.`
              : `You go to ${platform.title}, sign in as the account, allow it to be posted for, and come back.`}
          </p>
          {!test && <Service platform={platform} service={service} onChange={setService} />}
        </>
      ) : (
        Object.entries(fields).map(([name, about]) => (
          <Field key={name} label={name} hint={about}>
            {(field) => (
              <input
                {...field}
                required
                autocomplete="off"
                type={/password|token/i.test(name) ? "password" : "text"}
                value={credential[name] ?? ""}
                onInput={(event) => setCredential({ ...credential, [name]: event.currentTarget.value })}
              />
            )}
          </Field>
        ))
      )}
      <Trouble fault={fault} />
      <div class="actions">
        <Button icon={ChevronLeft} onClick={onBack}>
          Back
        </Button>
        <Button type="submit" tone="primary" busy={busy}>
          {byConsent ? `Go to ${test ? "the sandbox" : platform.title}` : "Connect"}
        </Button>
      </div>
    </Dialog>
  );
}

interface ServiceProps {
  platform: Platform;
  service: string;
  onChange: (service: string) => void;
}

/** Where the account lives, or which way its owner consents, on platforms that have several. */
function Service({ platform, service, onChange }: ServiceProps) {
  const { connect } = platform;
  if (connect.service === "none") return null;
  if (connect.service === "one_of") {
    return (
      <Field label="Way" hint="Each needs an app of yours there.">
        {(field) => (
          <select {...field} value={service} onChange={(event) => onChange(event.currentTarget.value)}>
            {connect.services.map((one) => (
              <option key={one} value={one}>
                {new URL(one).host}
              </option>
            ))}
          </select>
        )}
      </Field>
    );
  }
  return (
    <Field
      label="Server"
      hint={connect.service === "optional" ? "Leave it empty for the usual one." : "Where the account lives."}
    >
      {(field) => (
        <input
          {...field}
          type="url"
          placeholder="https://example.social"
          required={connect.service === "required"}
          value={service}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
