import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { Resource } from './resources.ts';
import type { At, Connection } from './types.ts';
import type { Deployment } from './wire.ts';

/** Waiting for Kubernetes' own controllers. */

/** How long one may take to see what was written; a busy controller manager needs a second or two. */
const patienceMs = 30_000;
/** They need some ten milliseconds; one that needs longer is asked less often. */
const lookAgainMs = { first: 20, most: 200 };

type Observed = Pick<Deployment, 'metadata'> & { readonly status?: { readonly observedGeneration?: number } };

/** Whether its controller has seen it as it is. */
export const hasObserved = ({ status, metadata }: Observed): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);

/** Asks `look` until it answers something, `undefined` meaning not yet; undefined when it did not within 30 s. */
export async function poll<T>(look: () => Promise<T | undefined>, signal?: AbortSignal): Promise<T | undefined> {
  const end = Date.now() + patienceMs;
  for (let pauseMs = lookAgainMs.first; ; pauseMs = Math.min(2 * pauseMs, lookAgainMs.most)) {
    const found = await look();
    if (found !== undefined || Date.now() > end) return found;
    await sleep(pauseMs, undefined, { ...(signal && { signal }) });
  }
}

/** The same. @throws CONFLICT when it did not: it is tried again by itself. `what`: what is not so, as a sentence */
export async function pollOrConflict<T>(look: () => Promise<T | undefined>, what: string): Promise<T> {
  const found = await poll(look);
  if (found === undefined) throw behind(what);
  return found;
}

/** `what` is not so for all of that time. */
export const behind = (what: string, afterMs = patienceMs): SluiceError =>
  new SluiceError('CONFLICT', `After ${afterMs / 1000} s ${what}.`, {
    next: 'Look whether kube-controller-manager runs; it is tried again by itself.',
  });

/**
 * Whether the controller of this very object has seen it as it was written, or it is gone; waits up to 30 s. Only then does
 * the controller act by nothing older.
 */
export async function untilObserved<T extends Observed>(
  kube: Connection,
  resource: Resource<T>,
  { metadata: { namespace = '', name, uid, generation = 0 } }: T,
): Promise<boolean> {
  const at: At = { namespace, name };
  const seen = await poll(async () => {
    const now = await kube.find(resource, at);
    return !now || now.metadata.uid !== uid || (now.status?.observedGeneration ?? 0) >= generation || undefined;
  });
  return seen ?? false;
}
