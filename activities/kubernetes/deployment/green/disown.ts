import type { CommitRequest } from '../../../../workflows/contract/activities/hold.ts';
import { untilObserved } from '../../controllers.ts';
import { holderOf, holdMarks } from '../../holder.ts';
import { deployments, replicaSets } from '../../resources.ts';
import { retryConflicts } from '../../retryConflicts.ts';
import { causeKey, changeOf } from '../../templateChange.ts';
import type { Connection } from '../../types.ts';
import { hasPods, lookAgain } from '../look.ts';
import { ownedBy } from '../ownSet.ts';
import { hasNewTemplate } from './adopt.ts';
import { isAdopted, type Pair, pairOf } from './find.ts';
import { setReplicas } from './replicas.ts';

/**
 * Undoes `adopt`, whole or half. While blue has pods green goes first: with the old template its controller would take all of
 * green's. Where blue has none the template goes first: with neither of them its controller would scale up whatever of
 * its history is the newest. Pods of green are not touched.
 * @throws CONFLICT while the controller does not follow
 */
export async function disown(kube: Connection, request: CommitRequest): Promise<void> {
  const pair = await look(kube, request);
  if (!pair) return;
  const steps = [() => letGo(kube, request), () => setTemplate(kube, request)];
  const order = (pair.blue.spec.replicas ?? 1) > 0 ? steps : steps.toReversed();
  for (const step of order) await retryConflicts(step);
  await retryConflicts(() => onlyBlue(kube, request));
}

/** Undefined where it is not ours any more. */
async function look(kube: Connection, request: CommitRequest): Promise<Pair | undefined> {
  const found = await lookAgain(kube, request);
  if (!found || holderOf(found.deployment) !== request.holder) return undefined;
  return pairOf(kube, request, found);
}

/** Green stands beside the Deployment again, as it was born. */
async function letGo(kube: Connection, request: CommitRequest): Promise<void> {
  const { green, look: found } = (await look(kube, request)) ?? {};
  if (!green || !found || !isAdopted(green)) return;
  const { namespace = '', name, resourceVersion, labels = {} } = green.metadata;
  const metadata = {
    resourceVersion,
    labels: Object.fromEntries(Object.keys(labels).map((key) => [key, null])),
    ownerReferences: ownedBy(found.deployment, false),
  };
  await kube.patch(replicaSets, { namespace, name }, { metadata }, { as: 'merge' });
}

async function setTemplate(kube: Connection, request: CommitRequest): Promise<void> {
  const pair = await look(kube, request);
  if (!pair || !(await hasNewTemplate(kube, request, pair))) return;
  const { trail } = pair;
  const { metadata, spec } = pair.look.deployment;
  const { earlier = trail.replicaSet, ...rest } = trail;
  const annotations = {
    ...holdMarks(request.holder, { ...rest, replicaSet: earlier }),
    [causeKey]: trail.cause,
  };
  const template = (await changeOf(kube, request)).patchTo('from', spec.template);
  const body = {
    metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, annotations },
    spec: { template },
  };
  const written = await kube.patch(deployments, request.target, body, { as: 'strategic' });
  await untilObserved(kube, deployments, written);
}

/** Whatever its controller made of the steps in between: blue alone has pods, as many as the Deployment wants. */
async function onlyBlue(kube: Connection, request: CommitRequest): Promise<void> {
  const pair = await look(kube, request);
  if (!pair) return;
  const { blue, look: found } = pair;
  const others = found.sets.filter((set) => set !== blue && hasPods(set));
  for (const set of others) await setReplicas(kube, set, 0);
  await setReplicas(kube, blue, found.deployment.spec.replicas ?? 1);
}
