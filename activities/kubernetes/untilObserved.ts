import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from './resources.ts';
import type { At, Connection } from './types.ts';
import type { Deployment } from './wire.ts';

/** Controllers see a write within some ten milliseconds; one that needs longer is asked less often. */
const lookAgainMs = { first: 20, most: 200 };

type Observed = Pick<Deployment, 'metadata'> & { readonly status?: { readonly observedGeneration?: number } };

/**
 * Whether the controller of this very object has seen it as it was written, or it is gone; waits up to `timeoutMs`. Only
 * then does the controller act by nothing older.
 */
export async function untilObserved<T extends Observed>(
  kube: Connection,
  resource: Resource<T>,
  { metadata: { namespace = '', name, uid, generation = 0 } }: T,
  timeoutMs: number,
): Promise<boolean> {
  const at: At = { namespace, name };
  const deadlineMs = Date.now() + timeoutMs;
  for (let pauseMs = lookAgainMs.first; ; pauseMs = Math.min(2 * pauseMs, lookAgainMs.most)) {
    const now = await kube.find(resource, at);
    if (!now || now.metadata.uid !== uid || (now.status?.observedGeneration ?? 0) >= generation) return true;
    if (Date.now() > deadlineMs) return false;
    await sleep(pauseMs);
  }
}
