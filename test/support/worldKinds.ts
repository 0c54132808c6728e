import {
  cloneSets,
  controllerRevisions,
  daemonSets,
  deployments,
  type Resource,
  replicaSets,
  statefulSets,
} from '../../activities/kubernetes/resources.ts';
import type { KubernetesObject } from '../../local/apply.ts';
import { type SampleOptions, sampleManifests } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';

interface Meant {
  readonly metadata: { readonly name: string; readonly managedFields?: unknown };
}

/** How the sample becomes a workload of a kind, and where that kind keeps its history. */
export interface WorldKind {
  readonly resource: Resource<Meant>;
  readonly history: Resource<Meant>;
  readonly manifests: (options: SampleOptions) => {
    readonly workload: KubernetesObject;
    readonly others: readonly KubernetesObject[];
  };
}

export const worldKinds: Readonly<Record<KindName, WorldKind>> = {
  deployment: {
    resource: deployments,
    history: replicaSets,
    manifests: (options) => {
      const { service, deployment } = sampleManifests(options);
      return { workload: deployment, others: [service] };
    },
  },
  replicaset: {
    resource: replicaSets,
    history: replicaSets,
    manifests: (options) => {
      const { service, deployment } = sampleManifests(options);
      const { replicas, selector, template } = deployment.spec;
      return {
        workload: { ...deployment, kind: 'ReplicaSet', spec: { replicas, selector, template } },
        others: [service],
      };
    },
  },
  // With a headless Service for its peers beside the one for callers.
  statefulset: {
    resource: statefulSets,
    history: controllerRevisions,
    manifests: (options) => {
      const { service, deployment } = sampleManifests(options);
      const { name, namespace } = service.metadata;
      const peers = {
        ...service,
        metadata: { ...service.metadata, name: `${name}-peers` },
        spec: { ...service.spec, clusterIP: 'None', publishNotReadyAddresses: true },
      };
      const workload = {
        ...deployment,
        kind: 'StatefulSet',
        metadata: { ...deployment.metadata, namespace },
        spec: { ...deployment.spec, serviceName: peers.metadata.name },
      };
      return { workload, others: [service, peers] };
    },
  },
  // For as many nodes of the fleet of kwok; a kubelet is one node.
  daemonset: {
    resource: daemonSets,
    history: controllerRevisions,
    manifests: (options) =>
      daemonSetManifests(options, options.runtime === 'kwok' ? { affinity: onFirstNodes(options.replicas ?? 1) } : {}),
  },
  // Of OpenKruise, see kruise.ts.
  cloneset: {
    resource: cloneSets,
    history: controllerRevisions,
    manifests: (options) => {
      const { service, deployment } = sampleManifests(options);
      const { replicas, selector, template } = deployment.spec;
      const { group, version } = cloneSets;
      const spec = { replicas, selector, template };
      return {
        workload: { ...deployment, apiVersion: `${group}/${version}`, kind: 'CloneSet', spec },
        others: [service],
      };
    },
  },
};

/** The sample as a DaemonSet. `on`: what of the spec of its pods says for which nodes it is. */
export function daemonSetManifests(options: SampleOptions, on: object) {
  const { service, deployment } = sampleManifests(options);
  const { selector, template } = deployment.spec;
  const spec = { selector, template: { ...template, spec: { ...template.spec, ...on } } };
  return { workload: { ...deployment, kind: 'DaemonSet', spec }, others: [service] };
}

/** The first nodes of the fleet of kwok: `kwok-1`, in zone a, `kwok-2`, in b, and so on. */
export function onFirstNodes(count: number) {
  const values = Array.from({ length: count }, (_, index) => `kwok-${index + 1}`);
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In', values }];
  return {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  };
}
