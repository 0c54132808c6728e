import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { greenOf } from '../../workflows/contract/blueGreen/share.ts';
import type { ShiftRequest, Unshifted, UnshiftRequest } from '../../workflows/contract/canary/activities.ts';
import type { PlannedRoute } from '../../workflows/contract/canary/plan.ts';
import { requireUnchanged } from '../kubernetes/deployment/drift.ts';
import { findBoth, hashOf } from '../kubernetes/deployment/green/find.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { EndpointWatches } from '../traffic/endpoints.ts';
import type { Sides } from './router.ts';
import { routers } from './routers.ts';
import { awaitHeeded, awaitServed, awaitUnserved } from './served.ts';
import { makeCanary } from './service.ts';

export interface ShiftDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
  readonly watches: EndpointWatches;
}

export const sidesOf = ({ target }: HeldRequest, { name, service, canary }: PlannedRoute): Sides => ({
  namespace: target.namespace,
  name,
  service,
  canary,
});

/** See CanaryActivities.shift. */
export async function shift({ kube, signal, watches }: ShiftDeps, request: ShiftRequest): Promise<void> {
  const { route, split, share, first, force } = request;
  await requireUnchanged(kube, request);
  const { green, look } = await findBoth(kube, request);
  await makeCanary(kube, request, route, hashOf(green), () =>
    awaitUnserved(watches, request.target.namespace, route.canary, signal),
  );
  if (split.weight > 0 || split.match !== undefined) {
    const wanted = greenOf(look.deployment.spec.replicas ?? 1, share);
    await awaitServed(watches, request, route.canary, wanted, signal);
  }
  // Old pods that are ill keep nobody waiting who is sent to new ones only.
  if (split.weight < 100) await awaitServed(watches, request, route.service, 1, signal);
  const how = { ...(first && { first }), ...(force && { force }) };
  const router = routers[route.kind];
  const sides = sidesOf(request, route);
  await router.split(kube, request, sides, split, how);
  await awaitHeeded(kube, router, sides, request, signal);
}

/** See CanaryActivities.unshift. */
export async function unshift({ kube, signal, watches }: ShiftDeps, request: UnshiftRequest): Promise<Unshifted> {
  const { route } = request;
  const router = routers[route.kind];
  const sides = sidesOf(request, route);
  if (await router.reaches(kube, sides)) await awaitServed(watches, request, route.service, 1, signal);
  const how = await router.restore(kube, request, sides);
  await awaitHeeded(kube, router, sides, request, signal);
  const named = `${route.kind} ${route.name}`;
  if (how === 'exact') return {};
  return {
    note:
      how === 'gone'
        ? `${named} is gone.`
        : `Somebody else had changed ${named}: that stays, and only what sent callers to Service ${route.canary} was taken out.`,
  };
}
