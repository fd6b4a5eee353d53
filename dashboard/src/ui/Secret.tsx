import { Check, Copy } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "./Button";

interface SecretProps {
  title: string;
  secret: string;
  onClose: () => void;
  children: ComponentChildren;
}

/** A secret that is shown this once, to be copied. */
export function Secret({ title, secret, onClose, children }: SecretProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(secret);
    setCopied(true);
  };
  return (
    <section class="secret card" aria-label={title}>
      <div>
        <h2>{title}</h2>
        <p class="soft">{children}</p>
      </div>
      <pre tabIndex={0}>{secret}</pre>
      <div class="actions">
        <Button icon={copied ? Check : Copy} tone="primary" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </Button>
        <Button onClick={onClose}>I have it</Button>
      </div>
    </section>
  );
}
