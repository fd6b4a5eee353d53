import type { ComponentChildren } from "preact";
import { Button, type ButtonProps } from "./Button";
import { Dialog } from "./Dialog";
import { useDoing } from "./doing";
import { Trouble } from "./Notice";

interface AskProps {
  title: string;
  /** Words of the button that does it; or, once it was refused, what they are then. */
  yes: string | ((fault: unknown) => string);
  no?: string;
  tone?: ButtonProps["tone"];
  /** Does it, given why it was refused before; the dialog closes when it is done and shows why when it is not. */
  act: (fault: unknown) => Promise<void>;
  onClose: () => void;
  children?: ComponentChildren;
}

/** A question before something is done, with whatever it needs to know. */
export function Ask({ title, yes, no = "Back", tone = "primary", act, onClose, children }: AskProps) {
  const { busy, fault, run } = useDoing();
  const submit = async () => {
    if (await run(() => act(fault))) onClose();
  };
  return (
    <Dialog title={title} onClose={onClose} onSubmit={() => void submit()}>
      {children}
      <Trouble fault={fault} />
      <div class="actions">
        <Button onClick={onClose}>{no}</Button>
        <Button type="submit" tone={tone} busy={busy}>
          {typeof yes === "string" ? yes : yes(fault)}
        </Button>
      </div>
    </Dialog>
  );
}
