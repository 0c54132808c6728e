import type { Plan } from './plan.ts';

/** Stop and start of one container whose image is on the node, measured on a kubelet: design §5. */
const restartSeconds = 2;

/** Seconds that the release takes if all goes well and nobody has to be waited for. */
export function estimateSeconds(
  plan: Pick<Plan, 'batches' | 'maxUnavailable' | 'minReadyMs' | 'traffic'>,
  probeSeconds: number,
): number {
  const drain = plan.traffic.through.length > 0 ? plan.traffic.quietMs / 1000 + 1 : 0;
  const perPod = drain + restartSeconds + probeSeconds + plan.minReadyMs / 1000;
  const seconds = plan.batches.map(
    ({ pods, gate }) => Math.ceil(pods.length / plan.maxUnavailable) * perPod + gate.bakeMs / 1000,
  );
  return Math.ceil(seconds.reduce((sum, one) => sum + one, 0));
}
