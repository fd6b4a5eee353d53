/** What a page shows, read from the API and read again when something happens to it. */
import { UnauthenticatedError } from "@layers/sdk";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Happening, listen } from "./live";
import { who } from "./session";

export interface Loaded<T> {
  /** undefined: nothing was read yet. Stays while it is read again, so that nothing jumps. */
  data: T | undefined;
  /** Why it could not be read. */
  fault: unknown;
  reload: () => Promise<void>;
}

interface Read<T> {
  of: string;
  data?: T;
  fault?: unknown;
}

/** Events that come together are answered together. */
const TOGETHER = 150;

/** Milliseconds between two looks at what no event tells of. */
const SOON = 1_500;

/**
 * Reads what `read` returns, anew for every `key`, and again when an event of which `touched` says so has come. What no
 * event tells of is read every few seconds as long as it is `unsettled`.
 *
 *     const posts = useLoad(projectId, (signal) => layers.publishing.listScheduledPosts({ projectId }, { signal }),
 *       ({ type }) => type.startsWith("post."));
 */
export function useLoad<T>(
  key: string,
  read: (signal: AbortSignal) => PromiseLike<T>,
  touched: (happening: Happening) => boolean = () => false,
  unsettled: (data: T) => boolean = () => false,
): Loaded<T> {
  const [found, setFound] = useState<Read<T>>({ of: key });
  const latest = useRef({ read, touched, unsettled });
  latest.current = { read, touched, unsettled };
  const running = useRef<AbortController | null>(null);

  const reload = useCallback(async () => {
    running.current?.abort();
    const control = (running.current = new AbortController());
    try {
      const data = await latest.current.read(control.signal);
      if (!control.signal.aborted) setFound({ of: key, data });
    } catch (fault) {
      if (control.signal.aborted) return;
      // The session is over: the sign-in page says the rest.
      if (fault instanceof UnauthenticatedError) who.value = null;
      setFound((before) => ({ ...(before.of === key ? before : {}), of: key, fault }));
    }
  }, [key]);

  useEffect(() => {
    void reload();
    return () => running.current?.abort();
  }, [reload]);

  useEffect(() => {
    if (found.data === undefined || !latest.current.unsettled(found.data)) return;
    const timer = setTimeout(() => void reload(), SOON);
    return () => clearTimeout(timer);
  }, [found, reload]);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const forget = listen((happening) => {
      if (happening.type !== "*" && !latest.current.touched(happening)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void reload();
      }, TOGETHER);
    });
    return () => {
      clearTimeout(timer);
      forget();
    };
  }, [reload]);

  const current = found.of === key ? found : undefined;
  return { data: current?.data, fault: current?.fault, reload };
}
