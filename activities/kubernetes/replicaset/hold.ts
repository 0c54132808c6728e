import type {
  Acquired,
  AcquireRequest,
  HeldRequest,
  ReleaseRequest,
} from '../../../workflows/contract/activities/hold.ts';
import type { Labels } from '../../ports.ts';
import { isBearing } from '../births.ts';
import { claimOf, holderOf, holdMarks, noMarks, requireHolder } from '../holder.ts';
import { dropTemplates, ignoreForbidden, keepTemplates } from '../keptTemplates.ts';
import { hasLabels } from '../podState.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, requireFingerprint, requireImages } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import { lookAgain, lookThere } from './look.ts';
import { bear, owner, previewed } from './recreation.ts';
import { readTrail } from './trail.ts';
import { write } from './write.ts';

/** Marks it, and leaves the trail. What a terminated release had committed is what is released from now. */
export const acquire = (kube: Connection, request: AcquireRequest): Promise<Acquired> =>
  retryConflicts(async () => {
    const set = await lookThere(kube, request);
    const claim = claimOf(set, request);
    const found = claim === 'free' ? undefined : readTrail(set);
    if (claim === 'own' && found) return { before: { paused: false } };
    const template = set.spec.template ?? {};
    const left = holderOf(set);
    if (claim === 'left' && left !== undefined) {
      const theirs = { ...request, holder: left };
      if (isBearing(template)) {
        await bear(kube, theirs);
        return acquire(kube, request);
      }
      await dropTemplates(kube, theirs).catch(ignoreForbidden);
    }
    requireImages(template, request.from, request.target);
    if (request.template) {
      const { from, source } = request.template;
      requireFingerprint(template, from, request.target);
      await keepTemplates(kube, request, owner, {
        from: template,
        to: await previewed(kube, request.target, source),
      });
    }
    const cause = set.metadata.annotations?.[causeKey] ?? null;
    const trail = found && !found.after ? found : { template, cause };
    await write(kube, set, { annotations: holdMarks(request.holder, trail) });
    return { before: { paused: false } };
  });

/** Its marks go, and what was kept. Gone, another one of that name, or another release's: nothing to give back. */
export async function release(kube: Connection, held: ReleaseRequest): Promise<void> {
  const set = await lookAgain(kube, held);
  if (held.recreated && isBearing(set?.spec.template)) await bear(kube, held);
  await retryConflicts(async () => {
    const now = await lookAgain(kube, held);
    if (now && holderOf(now) === held.holder) await write(kube, now, { annotations: noMarks });
  });
  if (held.recreated) await dropTemplates(kube, held);
}

/** Sets labels in its template, from which pods are born. See the port. */
export async function labelBirths(kube: Connection, held: HeldRequest, labels: Labels): Promise<Labels> {
  const adds = Object.values(labels).some((value) => value !== null);
  await retryConflicts(async () => {
    const set = adds ? await lookThere(kube, held) : await lookAgain(kube, held);
    if (!set || hasLabels(set.spec.template?.metadata?.labels, labels)) return;
    if (adds) requireHolder(set, held);
    await write(kube, set, {}, { metadata: { labels } });
  });
  return {};
}
