import type { CanaryActivities } from '../../workflows/contract/canary/activities.ts';
import { activity, type Call } from '../call.ts';
import { orGone } from '../kubernetes/deployment/green/find.ts';
import type { Shared } from '../scope.ts';
import { endpointWatches } from '../traffic/index.ts';
import { routers } from './routers.ts';
import { removeCanary } from './service.ts';
import { type ShiftDeps, shift, sidesOf, unshift } from './shift.ts';

/** A route that splits callers between the old and the new version of a Deployment. */
export function canaryActivities(shared: Shared): CanaryActivities {
  const depsOf = ({ signal }: Call): ShiftDeps => ({
    kube: shared.kube.with(signal),
    signal,
    watches: endpointWatches(shared.kube),
  });
  return {
    shift: activity((asked, call) => {
      const deps = depsOf(call);
      return orGone(deps.kube, asked, () => shift(deps, { ...asked, since: call.here(asked.since) }));
    }),

    unshift: activity((asked, call) => unshift(depsOf(call), { ...asked, since: call.here(asked.since) })),

    endCanary: activity(async (request, call) => {
      const kube = shared.kube.with(call.signal);
      const { route } = request;
      await routers[route.kind].end?.(kube, request, sidesOf(request, route));
      await removeCanary(kube, request, route.canary);
    }),
  };
}
