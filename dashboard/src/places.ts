/** Where one can go: every page, who may see it, and the code that is loaded when it is opened. */
import { CalendarDays, CheckCheck, type LucideIcon, Settings, SquarePen, Users } from "lucide-preact";
import type { ComponentType } from "preact";
import { lazy } from "preact-iso";

/** What every page of a project is given. Further parameters of its path come by `useRoute().params`. */
export interface PageProps {
  projectId: string;
}

export interface Place {
  /** Below `/dashboard/:projectId/`. */
  path: string;
  title: string;
  /** Scopes without which it is neither shown nor opened. */
  scopes: readonly string[];
  Page: ComponentType<PageProps> & { preload(): Promise<unknown> };
  /** Stands in the navigation. */
  icon?: LucideIcon;
  /** Of a page below another one: the path of that one, which the navigation marks. */
  below?: string;
}

const SettingsPage = lazy(() => import("./pages/settings/Settings"));

export const places: readonly Place[] = [
  {
    path: "review",
    title: "Review",
    scopes: ["content:read"],
    icon: CheckCheck,
    Page: lazy(() => import("./pages/review/Review")),
  },
  {
    path: "compose",
    title: "Compose",
    scopes: ["content:write", "social:read"],
    icon: SquarePen,
    Page: lazy(() => import("./pages/compose/Compose")),
  },
  {
    path: "calendar",
    title: "Calendar",
    scopes: ["publish:read"],
    icon: CalendarDays,
    Page: lazy(() => import("./pages/calendar/Calendar")),
  },
  {
    path: "posts/:postId",
    title: "Post",
    scopes: ["publish:read"],
    below: "calendar",
    Page: lazy(() => import("./pages/post/Post")),
  },
  {
    path: "accounts",
    title: "Accounts",
    scopes: ["social:read"],
    icon: Users,
    Page: lazy(() => import("./pages/accounts/Accounts")),
  },
  {
    path: "settings",
    title: "Settings",
    scopes: ["projects:read"],
    icon: Settings,
    Page: SettingsPage,
  },
  {
    path: "settings/:tab",
    title: "Settings",
    scopes: ["projects:read"],
    below: "settings",
    Page: SettingsPage,
  },
];

export const pathOf = (projectId: string, ...parts: string[]): string =>
  ["/dashboard", projectId, ...parts].map((part) => part.replace(/\/$/, "")).join("/");

/** Fetches the code of the page at an address while it is still being asked who is there. */
export function preload(pathname: string): void {
  const name = pathname.split("/")[3];
  const place = places.find(({ path }) => path.split("/")[0] === name);
  void place?.Page.preload().catch(() => undefined); // whoever shows it hears of it again
}
