import type { BlueGreenActivities } from '../../workflows/contract/blueGreen/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { activity } from '../call.ts';
import { adopt } from '../kubernetes/deployment/green/adopt.ts';
import { disown } from '../kubernetes/deployment/green/disown.ts';
import { orGone } from '../kubernetes/deployment/green/find.ts';
import { removeGreen } from '../kubernetes/deployment/green/remove.ts';
import { noPods } from '../podsOf.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { endpointWatches } from '../traffic/index.ts';
import { awaitGreen } from './green.ts';
import { guardPair } from './guard.ts';
import { type PointDeps, point } from './point.ts';

/** How long one look after the pair takes: then the workflow asks again. */
const guardMs = 10 * 60_000;

/** The new version of a Deployment beside the old one, and who is called. */
export function blueGreenActivities(shared: Shared): BlueGreenActivities {
  const kubeOf = ({ signal }: { readonly signal: AbortSignal }) => shared.kube.with(signal);
  return {
    green: activity((request, call) =>
      scopeOf(shared, request, call).withPods((pods) => {
        const deadline = Date.parse(call.here(request.since)) + request.timeoutMs;
        return awaitGreen(kubeOf(call), pods, request, { deadline, signal: call.signal });
      }),
    ),

    point: activity(async (asked, call) => {
      const request = { ...asked, since: call.here(asked.since) };
      const deps = { kube: kubeOf(call), signal: call.signal, watches: endpointWatches(shared.kube) };
      const through = (pods: PointDeps['pods']) => orGone(deps.kube, request, () => point({ ...deps, pods }, request));
      try {
        return await scopeOf(shared, request, call).withPods(through);
      } catch (error) {
        // The workload was deleted; what we did to its Services is still there.
        const isGone = error instanceof SluiceError && error.code === 'WORKLOAD_NOT_FOUND';
        if (!isGone || !request.lenient) throw error;
        return through(noPods);
      }
    }),

    guard: activity((request, call) =>
      orGone(kubeOf(call), request, () =>
        guardPair(kubeOf(call), request, { until: Math.min(Date.now() + guardMs, call.answerBy), signal: call.signal }),
      ),
    ),

    adopt: activity((request, call) => adopt(kubeOf(call), request)),
    disown: activity((request, call) => disown(kubeOf(call), request)),
    removeGreen: activity((request, call) => removeGreen(kubeOf(call), request)),
  };
}
