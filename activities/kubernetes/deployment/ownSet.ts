import { createHash } from 'node:crypto';
import { hashLabel } from '../templates.ts';
import type { Deployment, PodTemplate } from '../wire.ts';

/** ReplicaSets of a Deployment that we make, as its controller makes them. */

/** As its controller names the ReplicaSet of the pods with that pod-template-hash; a long name of a Deployment is cut. */
export const setName = (deployment: string, hash: string): string =>
  `${deployment.slice(0, 252 - hash.length)}-${hash}`;

/** Letters that Kubernetes uses in generated names: no vowels, nothing that looks alike. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** pod-template-hash of the ReplicaSet of `holder`: the same in every attempt, unlike any other. `uid`: of the Deployment. */
export function ownHash(uid: string, holder: string): string {
  const digest = createHash('sha256').update(`${uid}|${holder}`).digest();
  return [...digest.subarray(0, 10)].map((byte) => alphabet[byte % alphabet.length]).join('');
}

export const ownSetName = (deployment: Deployment, holder: string): string =>
  setName(deployment.metadata.name, ownHash(deployment.metadata.uid, holder));

/** For metadata.ownerReferences. `controller`: its controller counts and scales it; else it only goes with the Deployment. */
export const ownedBy = ({ metadata: { name, uid } }: Deployment, controller: boolean) => [
  { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller, ...(controller && { blockOwnerDeletion: true }) },
];

/** The whole of it, to be created. */
export function ownSet(
  deployment: Deployment,
  holder: string,
  template: PodTemplate,
  { replicas, controller, annotations }: OwnSet,
) {
  const { metadata, spec } = deployment;
  const rehash = (labels: Readonly<Record<string, string>> | undefined) => ({
    ...labels,
    [hashLabel]: ownHash(deployment.metadata.uid, holder),
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: ownSetName(deployment, holder),
      namespace: metadata.namespace ?? '',
      annotations,
      // By its labels the Deployment's controller finds it.
      ...(controller && { labels: rehash(template.metadata?.labels) }),
      ownerReferences: ownedBy(deployment, controller),
    },
    spec: {
      replicas,
      ...(spec.minReadySeconds !== undefined && { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: rehash(spec.selector.matchLabels) },
      template: { ...template, metadata: { ...template.metadata, labels: rehash(template.metadata?.labels) } },
    },
  };
}

interface OwnSet {
  readonly replicas: number;
  /** Whether the Deployment's controller shall take it for one of its own. */
  readonly controller: boolean;
  readonly annotations: Readonly<Record<string, string>>;
}
