import type { BearRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { isBearing, marked, templateOfBirths } from '../births.ts';
import { keptTemplates } from '../keptTemplates.ts';
import { rehearseBirth } from '../rehearseBirth.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { sameTemplate } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { SetKind } from './kind.ts';
import { lookAgain, lookHeld, untilObserved } from './look.ts';
import { rewrite } from './rewrite.ts';
import { readTrail } from './trail.ts';

/**
 * Sets its template, from which a pod that was deleted is born again: with OnDelete that is all that it does. See the port.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED; CONFLICT while the controller does not follow
 */
export async function bear(kube: Connection, kind: SetKind, request: BearRequest): Promise<void> {
  const { births, target, holder } = request;
  const kept = await keptTemplates(kube, request);
  // Before the first drain: nothing can be done for a pod that cannot be born.
  if (births?.side === 'to') await rehearseBirth(kube, target, marked(kept.to, holder, births));
  const there = await retryConflicts(async () => {
    // What is left behind goes back also where somebody took it from us.
    const look = births ? await lookHeld(kube, kind, request) : await lookAgain(kube, kind, request);
    if (!look) return false;
    const { template } = look.set.spec;
    if (!births && !isBearing(template)) return true;
    const own = readTrail(look.set)?.template === undefined ? 'from' : 'to';
    const next = templateOfBirths(kept, template, request, own);
    if (!sameTemplate(template, next)) await rewrite(kube, kind, look.set, { spec: { template: next } });
    return true;
  });
  if (there) await untilObserved(kube, kind, request);
}

/** What `held.holder` left behind of {@link bear}, if anything, goes. */
export async function bearNoMore(kube: Connection, kind: SetKind, held: HeldRequest): Promise<void> {
  const look = await lookAgain(kube, kind, held);
  if (look && isBearing(look.set.spec.template)) await bear(kube, kind, held);
}
