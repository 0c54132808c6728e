import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { marks } from '../../../workflows/contract/names.ts';
import type { Access, Seen } from '../../ports.ts';
import { KubernetesFailure } from '../kubernetesFailure.ts';
import { endpointSlices, services } from '../resources.ts';
import type { Connection } from '../types.ts';
import type { Pod } from '../wire.ts';
import { type AnySet, ownerOf, type SetKind } from './kind.ts';
import { lookAgain } from './look.ts';
import { livingPods } from './pods.ts';

/**
 * Who tells what the endpoint controller knows of our label, where the set's own controller is not beside it in
 * kube-controller-manager and hears of pods by another watch: a headless Service of ours, which has the pods with the label.
 */
export const witnessAccess: readonly Access[] = ['create', 'delete'].map((verb) => ({
  group: '',
  resource: 'services',
  verb,
}));

const nameOf = ({ uid }: Pick<HeldRequest, 'uid'>): string => `sluice-${uid}`;

/** Makes it, owned by the set; done where it is there. */
export async function callWitness(kube: Connection, kind: SetKind, held: HeldRequest, { spec }: AnySet): Promise<void> {
  const { namespace, name } = held.target;
  const body = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: nameOf(held),
      namespace,
      ownerReferences: [{ ...ownerOf(kind), name, uid: held.uid, controller: true }],
    },
    spec: {
      clusterIP: 'None',
      selector: { ...spec.selector.matchLabels, [marks.serving]: 'true' },
      ports: [{ port: 80 }],
    },
  };
  try {
    await kube.create(services, body, { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesFailure && error.reason === 'AlreadyExists')) throw error;
  }
}

/** Takes it away; done where there is none. */
export const dismissWitness = (kube: Connection, held: HeldRequest): Promise<void> =>
  kube.remove(services, { namespace: held.target.namespace, name: nameOf(held) });

/** See the port: by the pods that the witness has, each of them by its UID. Without one, nobody need know of a label. */
export async function witnessed(
  kube: Connection,
  kind: SetKind,
  held: HeldRequest,
  own: readonly Pod[],
): Promise<Seen> {
  const look = await lookAgain(kube, kind, held);
  if (!look) return { pods: own, all: true, outdated: false };
  const { namespace } = held.target;
  const witness = await kube.find(services, { namespace, name: nameOf(held) });
  const labelSelector = `kubernetes.io/service-name=${nameOf(held)}`;
  const { items } = await kube.list(endpointSlices, { namespace, labelSelector });
  // In this order: a pod that is born after the slices were read only makes the wait longer.
  const living = await livingPods(kube, look.set);
  if (!witness) return { pods: living, all: !living.some(isServing), outdated: false };
  const slices = items.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === witness.metadata.uid),
  );
  // The first one is made with what is known then, if only that there are no pods.
  if (slices.length === 0) return { pods: living, all: false, outdated: true };
  const known = new Set(slices.flatMap(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef?.uid)));
  // One that has no address yet is nobody's endpoint.
  const labelled = living.filter((pod) => isServing(pod) && pod.status?.podIP !== undefined);
  return {
    pods: living,
    all: labelled.every(({ metadata }) => known.has(metadata.uid)),
    outdated: living.some((pod) => !isServing(pod) && known.has(pod.metadata.uid)),
  };
}

const isServing = ({ metadata }: Pod): boolean => metadata.labels?.[marks.serving] === 'true';
