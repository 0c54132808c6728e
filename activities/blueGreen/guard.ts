import { setTimeout as sleep } from 'node:timers/promises';
import type { GuardRequest } from '../../workflows/contract/blueGreen/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { workloadName } from '../../workflows/contract/names.ts';
import { routers } from '../canary/routers.ts';
import { sidesOf } from '../canary/shift.ts';
import { requireUnchanged } from '../kubernetes/deployment/drift.ts';
import { findBoth, hashOf } from '../kubernetes/deployment/green/find.ts';
import { keepGreen } from '../kubernetes/deployment/green/raise.ts';
import { services } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import { requireOurs } from './pin.ts';

const lookAgainMs = 2_000;
/** Looks in a row without a ready pod of the new version, which is called. */
const mostEmpty = 5;

/** See ClusterActivities.guard. `until`: ms since 1970. */
export async function guardPair(
  kube: Connection,
  request: GuardRequest,
  { until, signal }: { readonly until: number; readonly signal: AbortSignal },
): Promise<void> {
  for (let empty = 0; Date.now() < until; ) {
    await requireUnchanged(kube, request);
    const pair = await findBoth(kube, request);
    const hashes = { blue: hashOf(pair.blue), green: hashOf(pair.green) };
    for (const name of [...request.services, ...request.previews]) {
      const service = await kube.get(services, { namespace: request.target.namespace, name });
      requireOurs(service, request, hashes, { taken: true, shared: request.side === 'both' });
    }
    if (request.routed) {
      const { route, split } = request.routed;
      await routers[route.kind].requireSplit(kube, request, sidesOf(request, route), split);
    }
    await keepGreen(kube, request, request.share);
    const [ready, spare] = [pair.green.status?.readyReplicas ?? 0, pair.blue.status?.readyReplicas ?? 0];
    empty = isCalled(request) && ready === 0 && spare > 0 ? empty + 1 : 0;
    if (empty >= mostEmpty) {
      throw new SluiceError(
        'POD_FAILED',
        `No pod of the new version of ${workloadName(request.target)} is ready any more.`,
      );
    }
    await sleep(lookAgainMs, undefined, { signal });
  }
}

const isCalled = ({ side, routed }: GuardRequest): boolean =>
  side !== 'blue' || (routed !== undefined && (routed.split.weight > 0 || routed.split.match !== undefined));
