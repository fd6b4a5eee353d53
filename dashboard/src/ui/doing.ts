import { useState } from "preact/hooks";

export interface Doing {
  busy: boolean;
  /** Why it was refused. */
  fault: unknown;
  /** Runs one piece of work at a time; resolves to whether it was done. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** Something that a button does: busy while it runs, and the refusal is shown where it happened. */
export function useDoing(): Doing {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>();
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setFault(undefined);
    try {
      await work();
      return true;
    } catch (refused) {
      setFault(refused);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, fault, run };
}
