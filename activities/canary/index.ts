import type { CanaryActivities } from '../../workflows/contract/canary/activities.ts';
import { activity, type Call } from '../call.ts';
import { orGone } from '../kubernetes/deployment/green/find.ts';
import type { Shared } from '../scope.ts';
import { endpointWatches } from '../traffic/index.ts';
import { removeCanary } from './service.ts';
import { type ShiftDeps, shift, unshift } from './shift.ts';

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

    endCanary: activity((request, call) => removeCanary(shared.kube.with(call.signal), request, request.route.canary)),
  };
}
