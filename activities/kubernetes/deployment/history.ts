import { createHash } from 'node:crypto';
import { marks } from '../../../workflows/contract/names.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { replicaSets } from '../resources.ts';
import { causeKey } from '../templateChange.ts';
import { hashLabel } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { revisionBefore } from './revisionNumber.ts';
import { readTrail } from './trail.ts';

/** Letters that Kubernetes uses in generated names: no vowels, nothing that looks alike. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** pod-template-hash of the history entry of `holder`: the same in every attempt, unlike any other. */
function historyHash(deployment: Deployment, holder: string): string {
  const digest = createHash('sha256').update(`${deployment.metadata.uid}|${holder}`).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

export const historyName = (deployment: Deployment, holder: string): string =>
  `${deployment.metadata.name.slice(0, 242)}-${historyHash(deployment, holder)}`;

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
  const hash = historyHash(deployment, holder);
  const { namespace = '', name, uid } = deployment.metadata;
  const rehash = (labels: Readonly<Record<string, string>> | undefined) => ({ ...labels, [hashLabel]: hash });
  const body = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: historyName(deployment, holder),
      namespace,
      labels: rehash(earlier.metadata?.labels),
      annotations: annotationsOf(live, deployment),
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      replicas: 0,
      ...(deployment.spec.minReadySeconds !== undefined && { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...deployment.spec.selector, matchLabels: rehash(deployment.spec.selector.matchLabels) },
      template: { ...earlier, metadata: { ...earlier.metadata, labels: rehash(earlier.metadata?.labels) } },
    },
  };
  try {
    await kube.create(replicaSets, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/** A write to an entry that the controller may prune at any moment (revisionHistoryLimit, also while paused): then it is done. */
export async function unlessPruned(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.status === 404)) throw error;
  }
}

/** Annotations of the old revision, without those that the controller copied from our marks on the Deployment. */
function annotationsOf(live: ReplicaSet, deployment: Deployment): Record<string, string> {
  const { [marks.release]: _release, [marks.before]: _before, ...others } = live.metadata.annotations ?? {};
  const old = { ...others, ...revisionBefore(live), [causeKey]: readTrail(deployment)?.cause ?? null };
  return Object.fromEntries(Object.entries(old).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}
