import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldRequest, ReleaseRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { marks, workloadName } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { hasObserved, untilObserved } from '../controllers.ts';
import { holderOf, noMarks } from '../holder.ts';
import { dropTemplates, keptTemplates } from '../keptTemplates.ts';
import { undefinedIfMissing } from '../kubernetesFailure.ts';
import { deployments, replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { letLeftGo } from '../surplus.ts';
import { difference, withImages } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment } from '../wire.ts';
import { bearNoMore } from './bear.ts';
import { keepHistory } from './history.ts';
import { lookAgain, newSetOf } from './look.ts';
import { readTrail } from './trail.ts';

/**
 * Gives the Deployment back: paused or not as it was, without the trail; the version before a commit is kept as native
 * history first. Resumes only where the controller will find nothing to do. Gone, another one of that name, or another
 * release's: nothing to give back.
 * @throws WORKLOAD_CHANGED where a resume would start a rollout, unless that is what people decided for (`adopt`)
 */
export async function release(kube: Connection, held: ReleaseRequest): Promise<void> {
  if (held.recreated) await bearNoMore(kube, held, (await lookAgain(kube, held))?.live);
  if (held.keeps) await keepEarlier(kube, held, held.keeps);
  const given = await retryConflicts(async () => {
    const look = await lookAgain(kube, held);
    const holder = look && holderOf(look.deployment);
    if (!look || (holder !== undefined && holder !== held.holder)) return undefined;
    if (holder === undefined) return look.deployment;
    const { deployment, sets, live } = look;
    const stayPaused = readTrail(deployment)?.paused ?? false;
    if (!held.adopt && !stayPaused && live && newSetOf(deployment, sets) !== live) {
      const found = live.spec.template && difference(deployment.spec.template, live.spec.template);
      throw new SluiceError(
        'WORKLOAD_CHANGED',
        `${workloadName(held.target)} stays paused: a resume would roll out a change that is not this release's: ${found ?? 'another ReplicaSet has its template'}.`,
        {
          next: `Look at it, then \`kubectl rollout resume ${workloadName(held.target)} -n ${held.target.namespace}\` rolls it out natively, or set the template back and resume the release.`,
        },
      );
    }
    const { namespace = '', name, resourceVersion } = deployment.metadata;
    return kube.patch(
      deployments,
      { namespace, name },
      {
        metadata: { resourceVersion, annotations: noMarks },
        ...(!stayPaused && { spec: { paused: null } }),
      },
      { as: 'merge' },
    );
  });
  if (given) await takeMarksOff(kube, held, given);
  if (held.recreated) await dropTemplates(kube, held);
  if (given) await letLeftGo(kube, held, () => hasAllReady(kube, held));
}

/** Whether as many of its pods are ready as it wants. Not where the next release has it: what is apart may be of that. */
async function hasAllReady(kube: Connection, held: HeldRequest): Promise<boolean> {
  const { deployment, live } = (await lookAgain(kube, held)) ?? {};
  if (!deployment || holderOf(deployment) !== undefined || !live || !hasObserved(live)) return false;
  return (live.status?.readyReplicas ?? 0) >= (deployment.spec.replicas ?? 1);
}

/**
 * As long as the live ReplicaSet is another than the Deployment's, be it by a label of ours, the controller counts it among
 * the old ones and would prune an entry for it; and while it knows the old template it would take the entry for the
 * current one. So it must have seen the Deployment, and the entry comes after everything else.
 */
async function keepEarlier(kube: Connection, held: ReleaseRequest, images: Images): Promise<void> {
  const look = await lookAgain(kube, held);
  if (!look?.live || holderOf(look.deployment) !== held.holder) return;
  if (newSetOf(look.deployment, look.sets) !== look.live) return;
  await untilObserved(kube, deployments, look.deployment);
  const { template } = look.deployment.spec;
  const earlier = held.recreated ? (await keptTemplates(kube, held)).from : withImages(template, images);
  await keepHistory(kube, look.deployment, look.live, earlier, held.holder);
}

/**
 * The controller copies annotations of a Deployment to its ReplicaSet and never takes one away. Ours are taken off when
 * it has seen the Deployment without them, or it might copy them once more.
 */
async function takeMarksOff(kube: Connection, held: HeldRequest, given: Deployment): Promise<void> {
  await untilObserved(kube, deployments, given);
  // A Deployment that stays paused has no new generation to be seen: some looks more take the place of that.
  for (let clean = given.spec.paused ? -5 : 0; clean < 1; clean += 1) {
    if (await retryConflicts(() => takeMarksOffOnce(kube, held))) clean = Math.min(clean, -1);
    if (clean < 0) await sleep(50);
  }
}

/** Whether there were any. */
async function takeMarksOffOnce(kube: Connection, held: HeldRequest): Promise<boolean> {
  const look = await lookAgain(kube, held);
  // Taken again meanwhile: those marks are of the next release.
  if (!look || holderOf(look.deployment) !== undefined) return false;
  const marked = look.sets.filter(({ metadata: { annotations } }) => {
    return annotations?.[marks.release] !== undefined || annotations?.[marks.before] !== undefined;
  });
  for (const { metadata } of marked) {
    const { namespace = '', name } = metadata;
    const body = { metadata: { annotations: noMarks } };
    // Its controller may prune an entry at any moment (revisionHistoryLimit, also while paused).
    await kube.patch(replicaSets, { namespace, name }, body, { as: 'merge' }).catch(undefinedIfMissing);
  }
  return marked.length > 0;
}
