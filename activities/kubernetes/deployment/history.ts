import { marks } from '../../../workflows/contract/names.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { replicaSets } from '../resources.ts';
import { causeKey } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { ownSet } from './ownSet.ts';
import { revisionBefore } from './revisionNumber.ts';
import { readTrail } from './trail.ts';

/**
 * The native history entry: a ReplicaSet without pods that has the template `earlier` and the old revision's annotations.
 * `live` has the new revision already, see {@link renumbered}. Done where it is there, or where none is to be kept.
 */
export async function keepHistory(
  kube: Connection,
  deployment: Deployment,
  live: ReplicaSet,
  earlier: PodTemplate,
  holder: string,
): Promise<void> {
  if (deployment.spec.revisionHistoryLimit === 0) return;
  const annotations = annotationsOf(live, deployment);
  const body = ownSet(deployment, holder, earlier, { replicas: 0, controller: true, annotations });
  try {
    await kube.create(replicaSets, body, { namespace: body.metadata.namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/** Annotations of the old revision, without those that the controller copied from our marks on the Deployment. */
function annotationsOf(live: ReplicaSet, deployment: Deployment): Record<string, string> {
  const { [marks.release]: _release, [marks.before]: _before, ...others } = live.metadata.annotations ?? {};
  const old = { ...others, ...revisionBefore(live), [causeKey]: readTrail(deployment)?.cause ?? null };
  return Object.fromEntries(Object.entries(old).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}
