import type { CommitRequest } from '../../../../workflows/contract/activities/hold.ts';
import { workloadName } from '../../../../workflows/contract/names.ts';
import { behind, hasObserved, pollOrConflict, untilObserved } from '../../controllers.ts';
import { holdMarks } from '../../holder.ts';
import { deployments, replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import { causeKey, changeOf } from '../../templateChange.ts';
import type { Connection } from '../../types.ts';
import type { Deployment } from '../../wire.ts';
import { removeTwins } from '../commit.ts';
import { ownedBy } from '../ownSet.ts';
import { findBoth, findPair, isAdopted, type Pair } from './find.ts';
import { setReplicas } from './replicas.ts';

/**
 * Makes green the Deployment's own. The order keeps its controller, which is paused and scales all the same, from taking a
 * pod of green: it must know the new template before it knows green, and count green as what it wants before blue is
 * gone. Each step looks whether it is done.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED; CONFLICT while the controller does not follow
 */
export async function adopt(kube: Connection, request: CommitRequest): Promise<void> {
  const templated = await retryConflicts(() => setTemplate(kube, request));
  const controller = `the controller of ${workloadName(request.target)}`;
  if (!(await untilObserved(kube, deployments, templated))) throw behind(`${controller} did not see its new template`);
  await retryConflicts(() => own(kube, request));
  await pollOrConflict(async () => {
    const { look, green } = await findPair(kube, request);
    const { status } = look.deployment;
    return (status?.updatedReplicas ?? 0) >= (green?.spec.replicas ?? 1) || undefined;
  }, `${controller} did not count green as its own`);
  await retryConflicts(async () => {
    const { blue } = await findPair(kube, request);
    await setReplicas(kube, blue, 0);
  });
  await pollOrConflict(async () => {
    const { blue } = await findPair(kube, request);
    return (hasObserved(blue) && (blue.status?.replicas ?? 0) === 0) || undefined;
  }, `${controller} did not take the old pods away`);
}

/** The new template, and in the same write which ReplicaSet is its own from now on. */
async function setTemplate(kube: Connection, request: CommitRequest): Promise<Deployment> {
  const { look, trail, blue, green } = await findBoth(kube, request);
  const { deployment } = look;
  const change = await changeOf(kube, request);
  if (change.sideOf(deployment.spec.template) === 'to') return deployment;
  await removeTwins(kube, look, blue, change);
  const { uid, resourceVersion } = deployment.metadata;
  const ours = { ...trail, replicaSet: green.metadata.name, earlier: blue.metadata.name };
  const annotations = { ...holdMarks(request.holder, ours), [causeKey]: request.cause };
  const template = change.patchTo('to', deployment.spec.template);
  const body = { metadata: { uid, resourceVersion, annotations }, spec: { template } };
  return kube.patch(deployments, request.target, body, { as: 'strategic' });
}

/**
 * The labels by which the controller finds it, its ownership, and the numbers that the controller writes on a ReplicaSet of
 * its own, in one write: without those it might take pods of green for some of a rollout that was scaled in the middle.
 */
async function own(kube: Connection, request: CommitRequest): Promise<void> {
  const { look, green } = await findBoth(kube, request);
  if (isAdopted(green)) return;
  const { deployment } = look;
  const { namespace = '', name, resourceVersion } = green.metadata;
  const replicas = deployment.spec.replicas ?? 1;
  const body = {
    metadata: {
      resourceVersion,
      labels: green.spec.template?.metadata?.labels ?? {},
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(replicas),
        'deployment.kubernetes.io/max-replicas': String(replicas + surgeOf(deployment)),
      },
      ownerReferences: ownedBy(deployment, true),
    },
  };
  await kube.patch(replicaSets, { namespace, name }, body, { as: 'strategic' });
}

/** How many more pods than it wants a rollout may have; percentages round up. */
function surgeOf({ spec: { strategy, replicas = 1 } }: Deployment): number {
  if (strategy?.type === 'Recreate') return 0;
  const surge: unknown = strategy?.rollingUpdate?.maxSurge ?? '25%';
  if (typeof surge === 'number') return surge;
  return Math.ceil((replicas * Number.parseInt(String(surge), 10)) / 100) || 0;
}

/** Whether the Deployment has the pair in the order in which `adopt` leaves it. */
export const hasNewTemplate = async (kube: Connection, request: CommitRequest, { look }: Pair): Promise<boolean> =>
  (await changeOf(kube, request)).sideOf(look.deployment.spec.template) === 'to';
