/** Who has signed in and what they may do. Scopes decide what is shown; the server decides what is done. */
import { UnauthenticatedError, type Whoami } from "@layers/sdk";
import { signal } from "@preact/signals";
import { type Credential, session } from "./api";
import { preload } from "./places";
import { meetProjects } from "./projects";

/** A link's token is longer than any other fragment. */
const TOKEN = 32;

/** undefined: not known yet; null: nobody. */
export const who = signal<Whoami | null | undefined>(undefined);
/** Why nobody could be signed in. */
export const signInFault = signal<unknown>(undefined);

export function can(...scopes: string[]): boolean {
  const held = who.value?.scopes ?? [];
  return held.includes("*") || scopes.every((scope) => held.includes(scope));
}

/** Takes the token of a link out of the address, so that it is in no history, and signs in; else looks who is there. */
export async function arrive(): Promise<void> {
  const link = location.hash.slice(1);
  if (link.length >= TOKEN) {
    history.replaceState(null, "", location.pathname + location.search);
    return signIn({ link });
  }
  meetProjects().catch(() => undefined); // at the same time; if nobody is there, they are read once somebody is
  preload(location.pathname);
  try {
    who.value = await session.current();
  } catch (fault) {
    if (!(fault instanceof UnauthenticatedError)) signInFault.value = fault;
    who.value = null;
  }
}

export async function signIn(credential: Credential): Promise<void> {
  signInFault.value = undefined;
  try {
    who.value = await session.begin(credential);
  } catch (fault) {
    signInFault.value = fault;
    who.value = null;
  }
}

export async function signOut(): Promise<void> {
  await session.end();
  // Everything that was read goes with the page.
  location.assign("/dashboard/");
}
