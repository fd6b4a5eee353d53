/** The projects one may see. Which one is open is said by the address: `/dashboard/prj_…/review`. */
import type { Project } from "@layers/sdk";
import { computed, signal } from "@preact/signals";
import { layers } from "./api";

const LAST = "layers.project";

/** undefined: not known yet. */
export const projects = signal<Project[] | undefined>(undefined);
export const openId = signal<string | undefined>(undefined);
export const project = computed(() => projects.value?.find(({ id }) => id === openId.value));

let first: Promise<void> | undefined;

/** Reads them for the first time. Whoever asks meanwhile waits for the same reading. */
export function meetProjects(): Promise<void> {
  first ??= readProjects().finally(() => (first = undefined));
  return first;
}

export async function readProjects(): Promise<void> {
  const all = await layers.projects.list({ limit: 100 }).toArray();
  projects.value = all.filter(({ status }) => status === "active").sort((a, b) => a.name.localeCompare(b.name));
}

export function open(id: string): void {
  openId.value = id;
  localStorage.setItem(LAST, id);
}

/** The project to begin with: the one that was open last, if it is still there. */
export function toBeginWith(): Project | undefined {
  const last = localStorage.getItem(LAST);
  return projects.value?.find(({ id }) => id === last) ?? projects.value?.[0];
}
