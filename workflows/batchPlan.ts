import type { HandfulRequest } from './contract/activities.ts';
import { podChecks } from './contract/checks.ts';
import { type BatchInput, type BatchPod, type Stage, stages } from './contract/workflows.ts';

/** The stages that a batch needs: without traffic rules there is no drain, in a rollback there are no checks. */
export function neededStages({
  traffic,
  checks,
  undo,
}: Pick<BatchInput, 'traffic' | 'checks' | 'undo'>): readonly Stage[] {
  const drains = traffic.through.length > 0;
  const verifies = !undo && podChecks(checks).length > 0;
  return stages.filter((stage) => {
    if (stage === 'drain' || stage === 'silence' || stage === 'restore') return drains;
    return stage === 'check' ? verifies : true;
  });
}

/** One handful of the batch for one stage. */
export function handfulRequest(
  input: BatchInput,
  pods: readonly { readonly pod: BatchPod; readonly since: string }[],
): HandfulRequest {
  const { target, uid, holder, name, images, traffic, checks, minReadyMs, readyTimeoutMs, undo } = input;
  return {
    target,
    uid,
    holder,
    images,
    traffic,
    checks: podChecks(checks),
    minReadyMs,
    readyTimeoutMs,
    undo,
    batch: name,
    pods: pods.map(({ pod, since }) => ({
      name: pod.name,
      uid: pod.uid,
      wasReady: pod.wasReady,
      since,
      ...(pod.images === undefined ? {} : { images: pod.images }),
      ...(pod.traffic === undefined ? {} : { traffic: pod.traffic }),
    })),
  };
}
