import type { Acquired, AcquireRequest } from '../../../workflows/contract/activities/hold.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { isBearing } from '../births.ts';
import { templateOf } from '../controllerRevisions.ts';
import { claimOf, holderOf, holdMarks } from '../holder.ts';
import { dropTemplates, ignoreForbidden, keepTemplates } from '../keptTemplates.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, requireFingerprint, requireImages } from '../templateChange.ts';
import { sameTemplate } from '../templates.ts';
import type { Connection } from '../types.ts';
import { bear } from './bear.ts';
import { type AnySet, ownerOf, type SetKind } from './kind.ts';
import { type Look, lookAt } from './look.ts';
import { previewed } from './recreation.ts';
import { rewrite } from './rewrite.ts';
import { baseNumber, readTrail, roomFor, type Trail, trailOf, uncommitted } from './trail.ts';
import { unfitness } from './unfitness.ts';

/**
 * Sets the strategy by which its controller moves no pod that lives, and leaves the trail, in one write that
 * fails if anything else changed it meanwhile. What a terminated release of the same workload left is taken over.
 * A pod that dies is born from the template as it is then: the old one until the commit.
 */
export function acquire(kube: Connection, kind: SetKind, request: AcquireRequest): Promise<Acquired> {
  return retryConflicts(async () => {
    const look = await lookAt(kube, kind, request.target);
    const { set } = look;
    const claim = claimOf(set, request);
    const found = claim === 'free' ? undefined : readTrail(set);
    if (claim === 'own' && found) return { before: { paused: false } };
    const left = holderOf(set);
    if (claim === 'left' && left !== undefined) {
      const theirs = { ...request, holder: left };
      if (isBearing(set.spec.template)) {
        await bear(kube, kind, theirs);
        return acquire(kube, kind, request);
      }
      await dropTemplates(kube, theirs).catch(ignoreForbidden);
    }
    requireImages(set.spec.template, request.from, request.target);
    if (!found) {
      const unfit = await unfitness(kube, kind, look, request.target);
      if (unfit) throw unfit;
    }
    const trail = found ? retaken(look, found) : trailOf(look, look.newest, kind.room);
    if (request.template) {
      const { from, source } = request.template;
      requireFingerprint(set.spec.template, from, request.target);
      const to = await previewed(kube, kind, request.target, source);
      await keepTemplates(kube, request, ownerOf(kind), { from: set.spec.template, to });
    }
    await hold(kube, kind, set, request.holder, trail);
    return { before: { paused: false } };
  });
}

/** The write itself: its controller moves nothing, marked, nothing else. */
export async function hold(kube: Connection, kind: SetKind, set: AnySet, holder: string, trail: Trail): Promise<void> {
  await rewrite(kube, kind, set, {
    annotations: holdMarks(holder, trail),
    spec: { updateStrategy: kind.standstill.held(set.spec.updateStrategy), ...roomFor(kind, trail) },
  });
}

/** The trail of a release that was terminated. Had it committed, its new version is what is released from now. */
function retaken({ set, revisions, newest: name }: Look, trail: Trail): Trail {
  const before = uncommitted(trail);
  const base = revisions.find(({ metadata }) => metadata.name === trail.revision);
  if (!base || sameTemplate(set.spec.template, templateOf(base), [marks.serving])) return before;
  return {
    ...before,
    cause: set.metadata.annotations?.[causeKey] ?? null,
    revision: name,
    numbers: { ...trail.numbers, [name]: baseNumber(trail) + 1 },
  };
}
