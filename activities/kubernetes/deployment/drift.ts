import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { holderOf, requireNobodyElse } from '../holder.ts';
import { deployments } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { requireTemplate } from '../templateChange.ts';
import { difference, withoutOurs } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import { hold } from './acquire.ts';
import { type Look, lookHeld, lookThere, withoutLive } from './look.ts';

/**
 * The Deployment, if it still is as the release took it: held, paused, and with the template of its ReplicaSet.
 * @throws WORKLOAD_NOT_FOUND where it was deleted (or made anew), WORKLOAD_CHANGED with what somebody did
 */
export async function requireUnchanged(kube: Connection, held: HeldRequest): Promise<Look> {
  const look = await lookHeld(kube, held);
  const { spec } = look.deployment;
  requireTemplate(spec.template, templateOf(look, held.target), held.target);
  if (spec.paused) return look;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody resumed ${workloadName(held.target)} in mid-release: its controller may move pods.`,
  );
}

/**
 * Undoes what somebody did to the Deployment: held and paused again, with the template of its ReplicaSet. Where the
 * trail is gone nobody can tell any more who had paused it before the release: then it is resumed at the end.
 * @throws WORKLOAD_NOT_FOUND; WORKLOAD_BUSY where another release holds it; WORKLOAD_CHANGED without its ReplicaSet
 */
export async function takeOver(kube: Connection, held: HeldRequest): Promise<void> {
  await retryConflicts(async () => {
    const { deployment, live } = await lookThere(kube, held);
    if (holderOf(deployment) === held.holder) return;
    requireNobodyElse(deployment, held);
    if (live === undefined) throw withoutLive(held.target);
    await hold(kube, { ...deployment, spec: { ...deployment.spec, paused: false } }, live, held.holder);
  });
  await retryConflicts(async () => {
    const look = await lookHeld(kube, held);
    const { metadata, spec } = look.deployment;
    const template = withoutOurs(templateOf(look, held.target));
    if (spec.paused && difference(spec.template, template) === undefined) return;
    await kube.patch(
      deployments,
      { namespace: metadata.namespace ?? '', name: metadata.name },
      [
        { op: 'replace', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
        { op: 'add', path: '/spec/paused', value: true },
        { op: 'replace', path: '/spec/template', value: template },
      ],
      { as: 'json' },
    );
  });
}

function templateOf({ live }: Look, target: Target): PodTemplate {
  if (live?.spec.template === undefined) throw withoutLive(target);
  return live.spec.template;
}
