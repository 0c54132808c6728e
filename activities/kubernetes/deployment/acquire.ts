import type { Acquired, AcquireRequest, HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import type { PlannedTemplate } from '../../../workflows/contract/plan.ts';
import { claimOf, holderOf, holdMarks } from '../holder.ts';
import { dropTemplates, ignoreForbidden, keepTemplates } from '../keptTemplates.ts';
import { deployments } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, requireFingerprint, requireImages } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { bearNoMore } from './bear.ts';
import { lookAt } from './look.ts';
import { owner, previewed } from './preview.ts';
import { requireStill } from './still.ts';
import { readTrail, type Trail } from './trail.ts';

/**
 * Pauses the Deployment and leaves the trail, in one write that fails if anything else changed it meanwhile. What a
 * terminated release of the same workload left is taken over, with the state that it had found.
 */
export function acquire(kube: Connection, request: AcquireRequest): Promise<Acquired> {
  return retryConflicts(async () => {
    const look = await lookAt(kube, request.target);
    const { deployment } = look;
    const claim = claimOf(deployment, request);
    const trail = readTrail(deployment);
    if (claim === 'own' && trail) return { before: { paused: trail.paused } };
    requireImages(deployment.spec.template, request.from, request.target);
    const isHeld = claim !== 'free';
    const live = isHeld && look.live ? look.live : requireStill(look, request.target);
    const found = isHeld && trail ? withState(deployment, trail) : deployment;
    // What a terminated release bore goes before its templates do. What it has set apart may be all that serves: it stays.
    const left = holderOf(deployment);
    if (isHeld && left !== undefined) {
      await bearNoMore(kube, { ...request, holder: left }, live);
      await dropTemplates(kube, { ...request, holder: left }).catch(ignoreForbidden);
    }
    if (request.template) await keep(kube, deployment.spec.template, request, request.template);
    const before = await hold(kube, found, live, request.holder, trail?.cause);
    return { before: { paused: before.paused } };
  });
}

/** Both templates, before anything else: `to` is what the API server makes of the patch. */
async function keep(
  kube: Connection,
  from: PodTemplate,
  held: HeldRequest,
  { from: planned, source }: PlannedTemplate,
): Promise<void> {
  requireFingerprint(from, planned, held.target);
  await keepTemplates(kube, held, owner, { from, to: await previewed(kube, held.target, source) });
}

/** The write itself: paused, marked, nothing else. */
export async function hold(
  kube: Connection,
  deployment: Deployment,
  live: ReplicaSet,
  holder: string,
  cause = deployment.metadata.annotations?.[causeKey] ?? null,
): Promise<Trail> {
  const { namespace = '', name, resourceVersion } = deployment.metadata;
  const trail: Trail = {
    paused: deployment.spec.paused ?? false,
    cause,
    replicaSet: live.metadata.name,
  };
  await kube.patch(
    deployments,
    { namespace, name },
    {
      metadata: { resourceVersion, annotations: holdMarks(holder, trail) },
      spec: { paused: true },
    },
    { as: 'merge' },
  );
  return trail;
}

/** The Deployment as the release that held it found it. */
const withState = (deployment: Deployment, { paused }: Trail): Deployment => ({
  ...deployment,
  spec: { ...deployment.spec, paused },
});
