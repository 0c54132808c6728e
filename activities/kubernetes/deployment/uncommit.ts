import type { CommitRequest } from '../../../workflows/contract/activities/hold.ts';
import { holderOf } from '../holder.ts';
import { replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { causeKey, changeOf, type TemplateChange } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';
import { hold } from './acquire.ts';
import { requireLive, setLive, setTemplate } from './commit.ts';
import { type Look, lookAgain } from './look.ts';
import { ownSetName } from './ownSet.ts';
import { revisionBefore } from './revisionNumber.ts';
import { readTrail } from './trail.ts';

/**
 * Undoes a commit, whole or half: the reverse order, each step only if it is still to be done. An older history entry
 * that the commit had to take away (the same template as the new one) does not come back.
 */
export async function uncommit(kube: Connection, request: CommitRequest): Promise<void> {
  if (!(await lookAgain(kube, request))) return;
  const change = await changeOf(kube, request);
  const retake = () => retryConflicts(() => takeBack(kube, request, change));
  if (!(await retake())) return;
  // Taken back, the Deployment has its trail again.
  const held = await lookAgain(kube, request);
  const entry = held && entryOf(held, request);
  if (entry) {
    const { namespace = '', name, uid } = entry.metadata;
    await kube.remove(replicaSets, { namespace, name }, { uid });
  }
  await retryConflicts(async () => {
    const { live, deployment } = (await lookAgain(kube, request)) ?? {};
    const { template } = live?.spec ?? {};
    if (!deployment || !live || !template || change.sideOf(template) === 'from') return;
    const cause = readTrail(deployment)?.cause ?? null;
    await setLive(kube, live, change.patchTo('from', template), { ...revisionBefore(live), [causeKey]: cause });
  });
  const { deployment } = (await lookAgain(kube, request)) ?? {};
  const { template } = deployment?.spec ?? {};
  if (!deployment || !template || change.sideOf(template) === 'from') return;
  await setTemplate(kube, deployment, request, change.patchTo('from', template), readTrail(deployment)?.cause ?? null);
}

/**
 * The release step may have given the Deployment back although its answer was lost: then it is taken once more, or the
 * controller would answer the old template with a rollout. Undefined where it is another release's by now.
 */
async function takeBack(kube: Connection, request: CommitRequest, change: TemplateChange): Promise<Look | undefined> {
  const look = await lookAgain(kube, request);
  if (!look) return undefined;
  const holder = holderOf(look.deployment);
  if (holder === request.holder) return look;
  if (holder !== undefined || change.sideOf(look.deployment.spec.template) === 'from') return undefined;
  const cause = entryOf(look, request)?.metadata.annotations?.[causeKey] ?? null;
  await hold(kube, look.deployment, requireLive(look, request), request.holder, cause);
  return lookAgain(kube, request);
}

function entryOf({ deployment, sets }: Look, { holder }: CommitRequest): ReplicaSet | undefined {
  const name = ownSetName(deployment, holder);
  return sets.find(({ metadata }) => metadata.name === name);
}
