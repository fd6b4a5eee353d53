import type { LucideIcon } from "lucide-preact";
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon"> {
  /** `danger` asks before it destroys, `destroy` does it. */
  tone?: "primary" | "danger" | "destroy" | "quiet";
  icon?: LucideIcon;
  /** The key that does the same. */
  shortcut?: string;
  busy?: boolean;
  children?: ComponentChildren;
}

/** A button; without children only its icon, which then needs an `aria-label`. */
export function Button({ tone, icon: Icon, shortcut, busy, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      class="button"
      data-tone={tone}
      data-icon-only={children === undefined || undefined}
      disabled={disabled || busy}
      aria-busy={busy}
      {...rest}
    >
      {busy ? <span class="spinner" /> : Icon && <Icon size={16} aria-hidden />}
      {children}
      {shortcut && <kbd aria-hidden>{shortcut}</kbd>}
    </button>
  );
}
