import type { BearRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { isBearing, marked, templateOfBirths } from '../births.ts';
import { behind, untilObserved } from '../controllers.ts';
import { keptTemplates } from '../keptTemplates.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import { replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { difference, sameTemplate, templatePatch, withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate, ReplicaSet } from '../wire.ts';
import { lookAgain, lookHeld, withoutLive } from './look.ts';

/**
 * Sets the template of the live ReplicaSet, which makes its pods, while the Deployment keeps its own: its controller is
 * paused, and knows nothing of it. See the port.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED; CONFLICT while the controller does not follow
 */
export async function bear(kube: Connection, request: BearRequest): Promise<void> {
  const { births, target } = request;
  const kept = await keptTemplates(kube, request);
  // Before the first drain: nothing can be done for a pod that cannot be born.
  if (births?.side === 'to') await rehearseBirth(kube, target, marked(kept.to, request.holder, births));
  const written = await retryConflicts(async () => {
    // What is left behind goes back also where somebody took the Deployment from us.
    const look = births ? await lookHeld(kube, request) : await lookAgain(kube, request);
    if (!look?.live?.spec.template) {
      if (!births) return undefined;
      throw withoutLive(target);
    }
    const { live } = look;
    if (!births && !isBearing(live.spec.template)) return live;
    // After the commit the new template is the Deployment's own.
    const own = sameTemplate(withoutOurs(look.deployment.spec.template), kept.to) ? 'to' : 'from';
    return setTemplate(kube, live, templateOfBirths(kept, look.live.spec.template, request, own));
  });
  if (!written || (await untilObserved(kube, replicaSets, written))) return;
  throw behind(`the controller has not seen the template of replicaset/${written.metadata.name}`);
}

/** What `holder` left behind of {@link bear}, if anything, goes. Done where nothing of it is there. */
export async function bearNoMore(kube: Connection, held: HeldRequest, live: ReplicaSet | undefined): Promise<void> {
  if (live && isBearing(live.spec.template)) await bear(kube, held);
}

/** Unless somebody changed the ReplicaSet since it was read. */
async function setTemplate(kube: Connection, live: ReplicaSet, template: PodTemplate): Promise<ReplicaSet> {
  if (live.spec.template && difference(live.spec.template, template) === undefined) return live;
  const { namespace = '', name } = live.metadata;
  return kube.patch(replicaSets, { namespace, name }, templatePatch(live.metadata, template), { as: 'json' });
}
