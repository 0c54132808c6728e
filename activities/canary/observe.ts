import type { CanaryObservation } from '../../workflows/contract/canary/observation.ts';
import type { PlannedRoute } from '../../workflows/contract/canary/plan.ts';
import { canarySteps } from '../../workflows/contract/canary/steps.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { holderOf as holderName, releaseId } from '../../workflows/contract/names.ts';
import type { Observation } from '../../workflows/contract/observation.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { observePair } from '../blueGreen/observe.ts';
import { services } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access, Workload } from '../ports.ts';
import { routers } from './routers.ts';
import { canaryName, isCanary, taken } from './service.ts';
import { sidesOf } from './shift.ts';

/** What it needs besides what blue/green does. */
export function canaryAccess({ strategy }: ReleaseSpec): readonly Access[] {
  const route = strategy.canary?.route;
  if (route === undefined) return [];
  const made = ['create', 'delete'].map((verb) => ({ group: '', resource: 'services', verb }));
  return [...made, ...routers[route.kind].access];
}

/**
 * Which Services would be pointed at old or new pods, whether there is room for all pods twice, and whether the route can split
 * callers as each step asks. `own`: the pods as they are.
 * @throws SERVICE_NOT_FOUND, SERVICE_UNUSABLE, WORKLOAD_UNFIT, ROUTE_NOT_FOUND, ROUTE_UNFIT, PATCH_REFUSED
 */
export async function observeCanary(
  kube: Connection,
  workload: Workload,
  spec: ReleaseSpec,
  observation: Observation,
  own: readonly Pod[],
): Promise<CanaryObservation> {
  const { canary } = spec.strategy;
  const pair = await observePair(kube, workload, spec, observation, own, { services: canary?.services });
  if (canary?.route === undefined) return pair;
  const { kind, name, service = pair.services[0] } = canary.route;
  if (service === undefined) return pair;
  if (!pair.services.includes(service)) {
    throw new SluiceError(
      'ROUTE_UNFIT',
      `Service ${service}, which ${kind} ${name} is said to point to, is none of those that call the pods: ${pair.services.join(', ')}.`,
      { next: 'Correct strategy.canary.route.service, or add it to strategy.canary.services.' },
    );
  }
  const route: PlannedRoute = { kind, name, service, canary: canaryName(service) };
  const { target, uid, replicas } = observation;
  const there = await kube.find(services, { namespace: target.namespace, name: route.canary });
  if (there && !isCanary(there)) throw taken(route.canary);
  const splits = canarySteps(canary, replicas).flatMap(({ split }) => (split ? [split] : []));
  const held = { target, uid, holder: holderName(releaseId(target), '') };
  await routers[kind].inspect(kube, held, sidesOf(held, route), splits);
  return { ...pair, route };
}
