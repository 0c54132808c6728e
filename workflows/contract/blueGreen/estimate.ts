import type { BlueGreenDraft } from './planner.ts';

/** A pod that is new starts its containers within some seconds, where the image is there. */
const startSeconds = 4;
/** Plan, acquire, the switch of the Services and back, adoption. */
const aroundSeconds = 8;

/** Seconds that it will take if nothing fails and images are quickly there; approvals left out. */
export function estimateBlueGreen(
  { batches, minReadyMs, traffic: { quietMs } }: Pick<BlueGreenDraft, 'batches' | 'minReadyMs' | 'traffic'>,
  probeSeconds: number,
): number {
  const bakeMs = batches.reduce((sum, { gate }) => sum + gate.bakeMs, 0);
  return Math.ceil((bakeMs + minReadyMs + quietMs) / 1000) + startSeconds + probeSeconds + aroundSeconds;
}
