import { setTimeout as sleep } from 'node:timers/promises';
import type { Green, GreenRequest } from '../../workflows/contract/blueGreen/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { workloadName } from '../../workflows/contract/names.ts';
import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import { hashOf } from '../kubernetes/deployment/green/find.ts';
import { raiseGreen } from '../kubernetes/deployment/green/raise.ts';
import { imagesOf } from '../kubernetes/podState.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { ReplicaSet } from '../kubernetes/wire.ts';
import type { PodsOf } from '../ports.ts';
import { plannedPodOf, podsOfSide } from './sides.ts';

const lookAgainMs = 250;
/** So long its controller may be refused: a webhook that was away comes back, a quota does not grow. */
const refusedMs = 10_000;

/** See ClusterActivities.green. `deadline`: ms since 1970. */
export async function awaitGreen(
  kube: Connection,
  pods: PodsOf,
  request: GreenRequest,
  { deadline, signal }: { readonly deadline: number; readonly signal: AbortSignal },
): Promise<Green> {
  let refusedSince: number | undefined;
  for (;;) {
    const set = await raiseGreen(kube, request, request.share);
    const wanted = set.spec.replicas ?? 1;
    const there = podsOfSide(pods, hashOf(set));
    if (there.length >= wanted) {
      return {
        pods: there.map((pod) => ({ ...plannedPodOf(pod), images: imagesOf(pod) })),
      };
    }
    const refusal = refusalOf(set);
    refusedSince = refusal === undefined ? undefined : (refusedSince ?? Date.now());
    const isRefused = refusal !== undefined && Date.now() > (refusedSince ?? 0) + refusedMs;
    if (isRefused || Date.now() > deadline) throw missing(request, wanted, there.length, refusal);
    await sleep(lookAgainMs, undefined, { signal });
  }
}

/** What the API server said to its controller, if it makes no pods. */
const refusalOf = ({ status }: ReplicaSet): string | undefined =>
  status?.conditions?.find((condition) => condition.type === 'ReplicaFailure' && condition.status === 'True')?.message;

function missing({ target, timeoutMs }: GreenRequest, wanted: number, there: number, refusal: string | undefined) {
  const name = workloadName(target);
  const why = refusal === undefined ? `they are not there after ${humanDuration(timeoutMs)}` : refusal;
  return new SluiceError(
    'POD_FAILED',
    `Beside its pods ${name} has ${there} of ${countOf(wanted, 'pod')} of the new version: ${why}.`,
    {
      next: `Blue/green needs room for all pods twice: see \`kubectl describe quota -n ${target.namespace}\`, or use another mode.`,
    },
  );
}
