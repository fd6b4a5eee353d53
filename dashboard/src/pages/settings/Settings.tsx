/** What the project and its keys are set to, and what was done with them. */
import { useLocation, useRoute } from "preact-iso";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { pathOf, type PageProps } from "../../places";
import { can } from "../../session";
import { Approval } from "./Approval";
import { Audit } from "./Audit";
import { Keys } from "./Keys";
import { ProjectForm } from "./ProjectForm";
import { Webhooks } from "./Webhooks";
import "./settings.css";

interface Tab {
  path: string;
  title: string;
  scope: string;
  Part: ComponentType<PageProps>;
}

const TABS: readonly Tab[] = [
  { path: "project", title: "Project", scope: "projects:read", Part: ProjectForm },
  { path: "approval", title: "Approval", scope: "projects:read", Part: Approval },
  { path: "webhooks", title: "Webhooks", scope: "webhooks:read", Part: Webhooks },
  { path: "keys", title: "Keys", scope: "keys:read", Part: Keys },
  { path: "audit", title: "Audit log", scope: "audit:read", Part: Audit },
];

export default function Settings({ projectId }: PageProps) {
  const { tab } = useRoute().params;
  const { path } = useLocation();
  const open = TABS.filter(({ scope }) => can(scope));
  const current = open.find((one) => one.path === tab) ?? open[0];
  const tabs = useRef<HTMLElement>(null);
  useEffect(() => {
    tabs.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current]);
  if (!current) return null;
  const { Part } = current;
  return (
    <div class="page settings">
      <header>
        <h1>Settings</h1>
      </header>
      <nav class="tabs" aria-label="Settings" ref={tabs}>
        {open.map((one) => (
          <a
            key={one.path}
            href={pathOf(projectId, "settings", one.path)}
            aria-current={one === current ? "page" : undefined}
          >
            {one.title}
          </a>
        ))}
      </nav>
      <Part key={path} projectId={projectId} />
    </div>
  );
}
