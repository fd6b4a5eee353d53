import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

interface DialogProps {
  title: string;
  /** Escape, and whatever else ends it without doing anything. */
  onClose: () => void;
  /** With it the dialog is a form, and Enter submits it. */
  onSubmit?: () => void;
  children: ComponentChildren;
}

/** A question in the way of everything else; the browser keeps the focus within. It is open while it is there. */
export function Dialog({ title, onClose, onSubmit, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => dialog.current?.showModal(), []);
  const content = (
    <>
      <h2 id={name}>{title}</h2>
      {children}
    </>
  );
  const submit = (event: Event) => {
    event.preventDefault();
    onSubmit?.();
  };
  return (
    <dialog ref={dialog} aria-labelledby={name} onClose={onClose}>
      {onSubmit ? <form onSubmit={submit}>{content}</form> : <div class="content">{content}</div>}
    </dialog>
  );
}
