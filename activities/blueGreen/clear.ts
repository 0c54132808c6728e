import type { AcquireRequest } from '../../workflows/contract/activities/hold.ts';
import { idOfHolder } from '../../workflows/contract/names.ts';
import type { Call } from '../call.ts';
import { endLeft, restoreLeft } from '../canary/left.ts';
import { isCanary, removeCanary } from '../canary/service.ts';
import { disown } from '../kubernetes/deployment/green/disown.ts';
import { pairOf } from '../kubernetes/deployment/green/find.ts';
import { removeGreen } from '../kubernetes/deployment/green/remove.ts';
import { lookAgain } from '../kubernetes/deployment/look.ts';
import { holderOf } from '../kubernetes/holder.ts';
import { services } from '../kubernetes/resources.ts';
import { type Shared, scopeOf } from '../scope.ts';
import { endpointWatches } from '../traffic/index.ts';
import { isHeld } from './pin.ts';
import { point } from './point.ts';

/** How long the old pods may take to be ready; then the next release looks what it can do. */
const readyMs = 5 * 60_000;

/**
 * What a release in mode BlueGreen or Canary of the same Deployment left that was terminated: routes are as they were, its
 * Services call the old pods again, the new ones go. Before anything else is written, while the Deployment says which release that was.
 */
export async function clearLeft(shared: Shared, request: AcquireRequest, call: Call): Promise<void> {
  if (request.target.kind !== 'deployment') return;
  const kube = shared.kube.with(call.signal);
  const look = await lookAgain(kube, request);
  const holder = look && holderOf(look.deployment);
  if (!look || holder === undefined || holder === request.holder) return;
  if (idOfHolder(holder) !== idOfHolder(request.holder)) return;
  const left = { target: request.target, uid: request.uid, holder };
  await restoreLeft(kube, left);
  const { items } = await kube.list(services, { namespace: request.target.namespace });
  const ours = items.filter((service) => isHeld(service, left));
  const names = ours.filter((service) => !isCanary(service)).map(({ metadata }) => metadata.name);
  const pair = await pairOf(kube, left, look);
  if (!pair?.green && names.length === 0) return;

  // The mark only says that the templates are those that were kept.
  if (pair?.green) await disown(kube, { ...left, from: {}, to: {}, cause: '', mark: holder });
  const deps = { kube, signal: call.signal, watches: endpointWatches(shared.kube) };
  await scopeOf(shared, left, call).withPods(async (pods) => {
    const pointed = {
      ...left,
      services: names,
      lenient: true,
      timeoutMs: readyMs,
      since: new Date().toISOString(),
    } as const;
    await point({ ...deps, pods }, { ...pointed, to: 'blue' });
    await removeGreen(kube, left);
    await endLeft(kube, left);
    for (const service of ours.filter(isCanary)) await removeCanary(kube, left, service.metadata.name);
    await point({ ...deps, pods }, { ...pointed, to: 'both' });
  });
}
