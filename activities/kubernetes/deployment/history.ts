import { createHash } from 'node:crypto';
import { marks } from '../../../workflows/contract/names.ts';
import type { Images } from '../../../workflows/contract/observation.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { replicaSets } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { Deployment, PodTemplate, ReplicaSet } from '../wire.ts';
import { hashLabel, withImages } from './templates.ts';

/**
 * Label in the template of a history entry while the Deployment still has that template. The controller takes the
 * oldest ReplicaSet with an equal template for the new one and numbers it anew; with this label the entry is equal to
 * none, whatever labels of ours the live one carries at that moment. Taken away as soon as the Deployment moved on.
 */
export const draftLabel = 'sluice.dev/draft';

/** Letters that Kubernetes uses in generated names: no vowels, nothing that looks alike. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** pod-template-hash of the history entry of `holder`: the same in every attempt, unlike any other. */
function historyHash(deployment: Deployment, holder: string): string {
  const digest = createHash('sha256').update(`${deployment.metadata.uid}|${holder}`).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

export const historyName = (deployment: Deployment, holder: string): string =>
  `${deployment.metadata.name.slice(0, 242)}-${historyHash(deployment, holder)}`;

/** The native history entry: a ReplicaSet without pods that has the old template and the old revision's annotations. */
export async function keepHistory(
  kube: Connection,
  deployment: Deployment,
  live: ReplicaSet,
  from: Images,
  holder: string,
): Promise<void> {
  const hash = historyHash(deployment, holder);
  const { namespace = '', name, uid } = deployment.metadata;
  const rehash = (labels: Readonly<Record<string, string>> | undefined) => ({ ...labels, [hashLabel]: hash });
  const template: PodTemplate = withImages(deployment.spec.template, from);
  const body = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: historyName(deployment, holder),
      namespace,
      labels: rehash(deployment.spec.template.metadata?.labels),
      annotations: annotationsOf(live),
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      replicas: 0,
      ...(deployment.spec.minReadySeconds !== undefined && { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...deployment.spec.selector, matchLabels: rehash(deployment.spec.selector.matchLabels) },
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...rehash(template.metadata?.labels), [draftLabel]: 'true' } },
      },
    },
  };
  try {
    await kube.create(replicaSets, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/**
 * Takes the draft label off: now it is what `kubectl rollout undo` goes back to. With a revisionHistoryLimit of 0 the
 * controller may have taken the entry away already.
 */
export async function publishHistory(kube: Connection, entry: ReplicaSet | undefined): Promise<void> {
  if (entry?.spec.template?.metadata?.labels?.[draftLabel] === undefined) return;
  const { namespace = '', name } = entry.metadata;
  const body = { spec: { template: { metadata: { labels: { [draftLabel]: null } } } } };
  await unlessPruned(kube.patch(replicaSets, { namespace, name }, body, { as: 'merge' }));
}

/** A write to an entry that the controller may prune at any moment (revisionHistoryLimit, also while paused): then it is done. */
export async function unlessPruned(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.status === 404)) throw error;
  }
}

/** Annotations of a ReplicaSet without those that the controller copied from our marks on the Deployment. */
const annotationsOf = (set: ReplicaSet): Record<string, string> =>
  Object.fromEntries(
    Object.entries(set.metadata.annotations ?? {}).filter(([key]) => key !== marks.release && key !== marks.before),
  );
