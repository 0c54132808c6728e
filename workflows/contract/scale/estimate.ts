import type { Plan } from '../plan.ts';
import { goesUp, type PlannedScale } from './plan.ts';

/** A pod whose image is on its node starts in about so many seconds. */
const startSeconds = 3;
/** Patch, endpoint and the controllers' own way until a pod is told to end. */
const goneSeconds = 2;
const aroundSeconds = 3;

/** Seconds that the scale will take if nothing fails, approvals left out. `probeSeconds`: until a probe can pass. */
export function estimateScale(
  { scale, batches, traffic, minReadyMs }: Pick<Plan, 'batches' | 'traffic' | 'minReadyMs'> & { scale: PlannedScale },
  probeSeconds: number,
): number {
  const drainMs = traffic.through.length > 0 ? traffic.quietMs + 1000 : 0;
  const batchMs = goesUp(scale) ? (startSeconds + probeSeconds) * 1000 + minReadyMs : goneSeconds * 1000 + drainMs;
  const ms = batches.reduce((sum, { gate }) => sum + batchMs + gate.bakeMs, 0);
  return Math.ceil(ms / 1000) + aroundSeconds;
}
