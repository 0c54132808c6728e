import type { Acquired, AcquireRequest } from '../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { idOfHolder, marks, workloadName } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { deployments } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import type { Connection } from '../types.ts';
import type { Deployment, ReplicaSet } from '../wire.ts';
import { hasPods, holderOf, type Look, lookAt, newSetOf } from './look.ts';
import { templateImages } from './templates.ts';
import { causeKey, readTrail, type Trail } from './trail.ts';

/**
 * Pauses the Deployment and leaves the trail, in one write that fails if anything else changed it meanwhile. What a
 * terminated release of the same workload left is taken over, with the state that it had found.
 */
export function acquire(kube: Connection, request: AcquireRequest): Promise<Acquired> {
  return retryConflicts(async () => {
    const look = await lookAt(kube, request.target);
    const { deployment } = look;
    const name = workloadName(request.target);
    if (deployment.metadata.uid !== request.uid) {
      throw new SluiceError('WORKLOAD_CHANGED', `${name} was deleted and made anew since the plan was made.`);
    }
    const holder = holderOf(deployment);
    const trail = readTrail(deployment);
    if (holder === request.holder && trail) return { before: { paused: trail.paused } };
    const isLeft = holder !== undefined && idOfHolder(holder) === idOfHolder(request.holder);
    if (holder !== undefined && holder !== request.holder && !isLeft) throw heldBy(name, holder, request);
    requireImages(deployment, request.from, name);
    const live = isLeft && look.live ? look.live : requireStill(look, name);
    const found = isLeft && trail ? withState(deployment, trail) : deployment;
    const before = await hold(kube, found, live, request.holder, trail?.cause);
    return { before: { paused: before.paused } };
  });
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
      metadata: { resourceVersion, annotations: { [marks.release]: holder, [marks.before]: JSON.stringify(trail) } },
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

function heldBy(name: string, holder: string, { target }: AcquireRequest): SluiceError {
  return new SluiceError('WORKLOAD_BUSY', `${name} is held by the release ${idOfHolder(holder)}.`, {
    next: `Wait for it, or roll it back with \`sluice rollback ${name} -n ${target.namespace}\`. If its workflow was terminated and will never end: \`kubectl annotate ${name} -n ${target.namespace} ${marks.release}- ${marks.before}-\`.`,
    details: { holder },
  });
}

function requireImages(deployment: Deployment, from: Images, name: string): void {
  const images = templateImages(deployment.spec.template);
  for (const [container, image] of Object.entries(from)) {
    if (images[container] === image) continue;
    throw new SluiceError(
      'WORKLOAD_CHANGED',
      `The template of ${name} has ${container}=${images[container] ?? 'no such container'} now; the plan was made from ${image}.`,
      { next: 'Plan and release again.' },
    );
  }
}

/** The live ReplicaSet of a Deployment on which no native rollout is under way; pods that are not ready are none. */
function requireStill({ deployment, sets }: Look, name: string): ReplicaSet {
  const current = newSetOf(deployment, sets);
  const others = sets.filter((set) => set !== current && hasPods(set));
  if (current && others.length === 0) return current;
  const why = current
    ? `${others.map(({ metadata }) => `replicaset/${metadata.name}`).join(', ')} of an older version still has pods`
    : deployment.spec.paused
      ? 'it is paused, and its template was changed since'
      : 'the ReplicaSet of its newest template is not there yet';
  throw new SluiceError('WORKLOAD_BUSY', `A native rollout of ${name} is not finished: ${why}.`, {
    next: `See \`kubectl rollout status ${name} -n ${deployment.metadata.namespace}\`, and release when it is through.`,
  });
}
