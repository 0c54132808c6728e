import { createHash } from 'node:crypto';
import type { HeldRequest } from '../../workflows/contract/activities/hold.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { workloadName } from '../../workflows/contract/names.ts';
import { KubernetesFailure } from './kubernetesFailure.ts';
import { controllerRevisions } from './resources.ts';
import { withoutOurs } from './templates.ts';
import type { At, Connection } from './types.ts';
import type { PodTemplate } from './wire.ts';

/** Both templates of a change, as they were planned: whatever is written later comes from here. */
export interface KeptTemplates {
  readonly from: PodTemplate;
  readonly to: PodTemplate;
}

interface Owner {
  readonly apiVersion: string;
  readonly kind: string;
}

/** By the release: the same in every attempt, unlike that of any other. */
function placeOf({ target, holder }: Pick<HeldRequest, 'target' | 'holder'>): At & { readonly namespace: string } {
  const hash = createHash('sha256').update(holder).digest('hex').slice(0, 10);
  return { namespace: target.namespace, name: `${target.name.slice(0, 230)}-sluice-${hash}` };
}

/**
 * Keeps them in a ControllerRevision, the API's own kind for templates of the past: its data cannot be changed, no
 * controller of a Deployment looks at it, and it goes with the workload that owns it. It has no labels, or a StatefulSet
 * would take it for one of its own. A template may be larger than an annotation, and holds what stands in no history.
 */
export async function keepTemplates(
  kube: Connection,
  held: HeldRequest,
  { apiVersion, kind }: Owner,
  { from, to }: KeptTemplates,
): Promise<void> {
  const { namespace, name } = placeOf(held);
  const owner = { apiVersion, kind, name: held.target.name, uid: held.uid, controller: true };
  const body = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name, namespace, ownerReferences: [owner] },
    // A release that was terminated may have left a label of ours in them.
    data: { from: withoutOurs(from), to: withoutOurs(to) },
    revision: 0,
  };
  try {
    await kube.create(controllerRevisions, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/** @throws WORKLOAD_CHANGED where somebody deleted them */
export async function keptTemplates(kube: Connection, held: HeldRequest): Promise<KeptTemplates> {
  const place = placeOf(held);
  const found = await kube.find(controllerRevisions, place);
  if (found?.data?.from && found.data.to) return { from: found.data.from, to: found.data.to };
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `controllerrevision/${place.name}, in which the release of ${workloadName(held.target)} keeps its templates, was deleted in mid-release.`,
  );
}

/** Done where there are none. `held`: of the release that kept them. */
export async function dropTemplates(kube: Connection, held: Pick<HeldRequest, 'target' | 'holder'>): Promise<void> {
  await kube.remove(controllerRevisions, placeOf(held));
}

/** Without the right to drop them a worker has not kept any; what is left goes with the workload. */
export function ignoreForbidden(error: unknown): void {
  if (!(error instanceof KubernetesFailure && error.status === 403)) throw error;
}
