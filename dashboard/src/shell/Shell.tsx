import { LogOut } from "lucide-preact";
import type { ComponentChildren } from "preact";
import { useLocation } from "preact-iso";
import { connection } from "../live";
import { pathOf, type Place, places } from "../places";
import { openId, projects } from "../projects";
import { can, signOut, who } from "../session";
import { Button } from "../ui/Button";
import { Toasts } from "../ui/Toasts";
import { ThemeSwitch } from "./ThemeSwitch";
import { waiting } from "./waiting";

const CONNECTION_WORDS = { live: "Live", connecting: "Connecting", polling: "Refreshing" };

interface ShellProps {
  /** Where one is. */
  place: Place;
  children: ComponentChildren;
}

/** The frame: who and where one is, where one can go. */
export function Shell({ place, children }: ShellProps) {
  return (
    <div class="shell">
      <aside class="side" aria-label="Layers">
        <Brand />
        <ProjectSwitch place={place} />
        <Places at={place} />
        <footer>
          <div class="row">
            <span class="connection" data-state={connection.value}>
              {CONNECTION_WORDS[connection.value]}
            </span>
            <ThemeSwitch />
          </div>
          <Button tone="quiet" icon={LogOut} onClick={signOut}>
            Sign out
          </Button>
        </footer>
      </aside>
      <header class="top">
        <img src="/dashboard/icon.svg" alt="" />
        <ProjectSwitch place={place} />
        <EnvironmentBadge />
        <ThemeSwitch small />
        <Button tone="quiet" icon={LogOut} aria-label="Sign out" onClick={signOut} />
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Places at={place} />
      <Toasts />
    </div>
  );
}

function Brand() {
  return (
    <div class="brand">
      <img src="/dashboard/icon.svg" alt="" />
      <strong title={who.value?.organizationName}>{who.value?.organizationName}</strong>
      <EnvironmentBadge />
    </div>
  );
}

/** Test posts go to the sandbox: nobody should wonder which they are looking at. */
function EnvironmentBadge() {
  const environment = who.value?.environment;
  const tone = environment === "test" ? "care" : "good";
  return (
    <span class="badge" data-tone={tone} title={environment === "test" ? "Posts go to the built-in sandbox" : undefined}>
      {environment}
    </span>
  );
}

/** Goes to the same page of another project. */
function ProjectSwitch({ place }: { place: Place }) {
  const { route } = useLocation();
  return (
    <div class="field">
      <select
        aria-label="Project"
        value={openId.value}
        onChange={(event) => route(pathOf(event.currentTarget.value, place.below ?? place.path))}
      >
        {projects.value?.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

function Places({ at }: { at: Place }) {
  const id = openId.value;
  if (!id) return null;
  return (
    <nav class="places" aria-label="Pages">
      {places.map(({ path, title, icon: Icon, scopes }) => {
        if (!Icon || !can(...scopes)) return null;
        const count = path === "review" ? waiting.value : 0;
        return (
          <a key={path} href={pathOf(id, path)} aria-current={(at.below ?? at.path) === path ? "page" : undefined}>
            <Icon size={17} aria-hidden />
            {title}
            {count > 0 && (
              <span class="count numbers" aria-label={`${count} waiting`}>
                {count}
              </span>
            )}
          </a>
        );
      })}
    </nav>
  );
}
