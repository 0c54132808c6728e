import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import { statefulSets } from './resources.ts';
import { byOrdinal } from './scaling/ordinals.ts';
import type { SetKind } from './sets/kind.ts';
import { onDelete } from './sets/standstill.ts';
import { createSet } from './sets/workload.ts';
import type { Pod, StatefulSet } from './wire.ts';

const ordinal = ({ metadata }: Pod): number => Number(/-(\d+)$/.exec(metadata.name)?.[1]);

const kind: SetKind<StatefulSet> = {
  name: 'statefulset',
  owner: 'StatefulSet',
  resource: statefulSets,
  standstill: onDelete,
  replicas: ({ spec }) => spec.replicas ?? 1,
  newest: ({ status }) => status?.updateRevision,
  labelOf: (name) => name,
  counted: ({ status: { updatedReplicas: count = 0 } = {} }) => ({ least: count, most: count }),
  room: 0,
  unfit: partitioned,
  place: 'name',
  ordinal,
  scaling: (kube) => byOrdinal(kube, statefulSets, ordinal),
};

/** StatefulSets, in place. */
export const createStatefulSet = createSet(kind);

/**
 * Why a partition stands against a release: its lower ordinals would stay on their version whatever the template says,
 * and one that dies in mid-release would come back on the other side of it.
 */
function partitioned({ spec }: StatefulSet, target: Target): SluiceError | undefined {
  const partition = spec.updateStrategy?.rollingUpdate?.partition ?? 0;
  if (partition === 0) return undefined;
  return new SluiceError(
    'WORKLOAD_UNFIT',
    `${workloadName(target)} has the partition ${partition}: its first ${partition} pods keep their version, whatever its template says.`,
    {
      next: 'Set spec.updateStrategy.rollingUpdate.partition to 0. The gray group and the batches of a release stop at gates where a partition stops at an ordinal.',
    },
  );
}
