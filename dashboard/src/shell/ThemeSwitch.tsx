import { signal } from "@preact/signals";
import { type LucideIcon, Monitor, Moon, Sun } from "lucide-preact";
import { Button } from "../ui/Button";

const KEY = "layers.theme"; // public/theme.js reads it before the first paint.
const THEMES = { system: Monitor, light: Sun, dark: Moon };
type Theme = keyof typeof THEMES;

const theme = signal<Theme>((localStorage.getItem(KEY) as Theme | null) ?? "system");

function choose(name: Theme): void {
  theme.value = name;
  localStorage.setItem(KEY, name);
  if (name === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
}

/** Three buttons, or where there is little room one that goes around. */
export function ThemeSwitch({ small }: { small?: boolean }) {
  const all = Object.entries(THEMES) as [Theme, LucideIcon][];
  if (small) {
    const at = all.findIndex(([name]) => name === theme.value);
    const [next] = all[(at + 1) % all.length]!;
    return (
      <Button tone="quiet" icon={THEMES[theme.value]} aria-label={`Theme: ${theme.value}`} onClick={() => choose(next)} />
    );
  }
  return (
    <div class="segments" role="group" aria-label="Theme">
      {all.map(([name, Icon]) => (
        <button type="button" key={name} aria-pressed={theme.value === name} aria-label={name} onClick={() => choose(name)}>
          <Icon size={14} aria-hidden />
        </button>
      ))}
    </div>
  );
}
