import type { LucideIcon } from "lucide-preact";
import type { ComponentChildren } from "preact";

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  /** A sentence, and then what fills the emptiness: a button, or the curl. */
  children?: ComponentChildren;
}

/** Nothing here yet: says what will be here, and how to make it so. */
export function Empty({ icon: Icon, title, children }: EmptyProps) {
  return (
    <section class="empty">
      <div class="emblem" aria-hidden>
        <Icon size={22} />
      </div>
      <h2>{title}</h2>
      {children}
    </section>
  );
}
