import { setTimeout as sleep } from 'node:timers/promises';
import type { CommitRequest } from '../../../../workflows/contract/activities.ts';
import { SluiceError } from '../../../../workflows/contract/errors.ts';
import { workloadName } from '../../../../workflows/contract/names.ts';
import { holdMarks } from '../../holder.ts';
import { deployments, replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import { causeKey, changeOf } from '../../templateChange.ts';
import type { Connection } from '../../types.ts';
import { untilObserved } from '../../untilObserved.ts';
import type { Deployment, ReplicaSet } from '../../wire.ts';
import { removeTwins } from '../commit.ts';
import { readTrail } from '../trail.ts';
import { findPair, isAdopted, type Pair } from './find.ts';

const controllerMs = 30_000;
const lookAgainMs = 100;

/**
 * Makes green the Deployment's own. The order keeps its controller, which is paused and scales all the same, from taking a
 * pod of green: it must know the new template before it knows green, and count green as what it wants before blue is
 * gone. Each step looks whether it is done.
 * @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED; CONFLICT while the controller does not follow
 */
export async function adopt(kube: Connection, request: CommitRequest): Promise<void> {
  const templated = await retryConflicts(() => setTemplate(kube, request));
  if (!(await untilObserved(kube, deployments, templated, controllerMs))) throw behind(request, 'see its new template');
  await retryConflicts(() => own(kube, request));
  await until(request, 'count green as its own', async () => {
    const { look, green } = await findPair(kube, request);
    const { status } = look.deployment;
    return (status?.updatedReplicas ?? 0) >= (green?.spec.replicas ?? 1);
  });
  await retryConflicts(async () => {
    const { blue } = await findPair(kube, request);
    await setReplicas(kube, blue, 0);
  });
  await until(request, 'take the old pods away', async () => {
    const { blue } = await findPair(kube, request);
    const { metadata, status } = blue;
    return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) && (status?.replicas ?? 0) === 0;
  });
}

/** The new template, and in the same write which ReplicaSet is its own from now on. */
async function setTemplate(kube: Connection, request: CommitRequest): Promise<Deployment> {
  const { look, blue, green } = await findPair(kube, request);
  const { deployment } = look;
  const trail = readTrail(deployment);
  if (!green || !trail) throw withoutGreen(request);
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
  const { look, green } = await findPair(kube, request);
  if (!green) throw withoutGreen(request);
  if (isAdopted(green)) return;
  const { deployment } = look;
  const { namespace = '', name, resourceVersion } = green.metadata;
  const { name: owner, uid } = deployment.metadata;
  const replicas = deployment.spec.replicas ?? 1;
  const body = {
    metadata: {
      resourceVersion,
      labels: green.spec.template?.metadata?.labels ?? {},
      annotations: {
        'deployment.kubernetes.io/desired-replicas': String(replicas),
        'deployment.kubernetes.io/max-replicas': String(replicas + surgeOf(deployment)),
      },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: owner, uid, controller: true, blockOwnerDeletion: true },
      ],
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

/** Unless somebody changed it since it was read. */
export async function setReplicas(kube: Connection, set: ReplicaSet, replicas: number): Promise<void> {
  if (set.spec.replicas === replicas) return;
  const { namespace = '', name, resourceVersion } = set.metadata;
  await kube.patch(
    replicaSets,
    { namespace, name },
    { metadata: { resourceVersion }, spec: { replicas } },
    { as: 'merge' },
  );
}

/** @throws CONFLICT when it is not so after a while; it is tried again */
async function until(request: CommitRequest, what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + controllerMs;
  while (!(await holds())) {
    if (Date.now() > end) throw behind(request, what);
    await sleep(lookAgainMs);
  }
}

const behind = ({ target }: CommitRequest, what: string): SluiceError =>
  new SluiceError(
    'CONFLICT',
    `After ${controllerMs / 1000} s the controller of ${workloadName(target)} did not ${what}.`,
    {
      next: 'Look whether kube-controller-manager runs; it is tried again by itself.',
    },
  );

const withoutGreen = ({ target }: CommitRequest): SluiceError =>
  new SluiceError(
    'WORKLOAD_CHANGED',
    `The ReplicaSet of the new version of ${workloadName(target)} was deleted in mid-release.`,
  );

/** Whether the Deployment has the pair in the order in which `adopt` leaves it. */
export const hasNewTemplate = async (kube: Connection, request: CommitRequest, { look }: Pair): Promise<boolean> =>
  (await changeOf(kube, request)).sideOf(look.deployment.spec.template) === 'to';
