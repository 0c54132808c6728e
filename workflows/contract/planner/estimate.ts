import { swapSteps } from '../hotSwap/plan.ts';
import type { Plan } from '../plan.ts';
import { callersCacheMs } from '../traffic.ts';
import { nodesAtOnce } from './prePull.ts';

/** A container with its image on the node restarts in about 1–2 s (design §5). */
const restartSeconds = 2;
/** A command in a container, and so long it must stand. */
const reloadSeconds = 3;
/** A pod of ours on a node, with an image that is quickly there. */
const pullSeconds = 3;
/** Patch and endpoint, on the way out and on the way back (design §6). */
const drainSeconds = 1;
const restoreSeconds = 1;
/** Plan, acquire, commit, release. */
const aroundSeconds = 3;

/**
 * Seconds that the release will take if nothing fails and images are quickly there; approvals left out.
 * @param probeSeconds from a pod's start until its probes can pass
 */
export function estimateSeconds(
  {
    change: { order, reload, hotSwap },
    prePull,
    batches,
    maxUnavailable,
    minReadyMs,
    warmUpMs = 0,
    traffic,
  }: Pick<Plan, 'change' | 'prePull' | 'batches' | 'maxUnavailable' | 'minReadyMs' | 'warmUpMs' | 'traffic'>,
  probeSeconds: number,
): number {
  const drained = traffic.through.length > 0;
  const cacheMs = Math.max(0, ...traffic.through.map(callersCacheMs));
  const outMs = drained ? drainSeconds * 1000 + cacheMs + traffic.quietMs : 0;
  const backMs = drained ? restoreSeconds * 1000 : 0;
  const restarts = hotSwap === undefined ? (order?.length ?? 1) : swapSteps.forward.length;
  const changeSeconds = reload === undefined ? restartSeconds + probeSeconds : reloadSeconds * reload.containers.length;
  const podMs = outMs + restarts * (changeSeconds * 1000 + minReadyMs) + backMs + warmUpMs;
  const batchesMs = batches.reduce(
    (sum, { pods, gate }) => sum + Math.ceil(pods.length / maxUnavailable) * podMs + gate.bakeMs,
    0,
  );
  const pulls = Math.ceil((prePull?.nodes.length ?? 0) / nodesAtOnce) * pullSeconds;
  return pulls + Math.ceil(batchesMs / 1000) + aroundSeconds;
}
