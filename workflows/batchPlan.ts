import type { CarriedStage, HandfulRequest } from './contract/activities.ts';
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

/** A window of quiet up to this long is a matter of one look. */
const shortQuietMs = 250;

/**
 * The stages that a call of `stage` goes on with. Never after a drain: one drain at a time sees to it that no Service
 * loses its last endpoint. Not past checks, which take their time, nor after a long silence.
 */
function carriedStages(stage: Stage, { traffic, ...input }: BatchInput): readonly CarriedStage[] {
  if (stage === 'drain' || stage === 'check' || (stage === 'silence' && traffic.quietMs > shortQuietMs)) return [];
  const needed = neededStages({ traffic, ...input });
  const carried: CarriedStage[] = [];
  for (const next of needed.slice(needed.indexOf(stage) + 1)) {
    if (next !== 'patch' && next !== 'wait' && next !== 'restore') break;
    carried.push(next);
  }
  return carried;
}

/** One handful of the batch for one stage. `version`: that of the last drain, for a drain. */
export function handfulRequest(
  stage: Stage,
  input: BatchInput,
  pods: readonly { readonly pod: BatchPod; readonly since: string }[],
  version?: string,
): HandfulRequest {
  const { target, uid, holder, name, images, traffic, checks, minReadyMs, readyTimeoutMs, undo } = input;
  const goOn = carriedStages(stage, input);
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
    ...(goOn.length > 0 && { goOn }),
    ...(version !== undefined && { version }),
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
