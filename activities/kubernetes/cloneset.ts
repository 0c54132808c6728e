import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import { cloneSets } from './resources.ts';
import { byDeletionCost } from './scaling/deletionCost.ts';
import type { SetKind } from './sets/kind.ts';
import { paused } from './sets/standstill.ts';
import { createSet } from './sets/workload.ts';
import { hashLabel } from './templates.ts';
import type { CloneSet } from './wire.ts';

/** Label of a pod that OpenKruise changes in place, or lets somebody's hook do something about it. */
const stateLabel = 'lifecycle.apps.kruise.io/state';
const inHand: ReadonlySet<string | undefined> = new Set(['PreparingUpdate', 'Updating', 'Updated']);

const kind: SetKind<CloneSet> = {
  name: 'cloneset',
  owner: 'CloneSet',
  resource: cloneSets,
  standstill: paused,
  elsewhere: true,
  replicas: ({ spec }) => spec.replicas ?? 1,
  newest: ({ status }) => status?.updateRevision,
  labelOf: (name) => name,
  /** Revisions are named `<workload>-<hash>`. */
  labelsBeside: (label) => ({ [hashLabel]: label.slice(label.lastIndexOf('-') + 1) }),
  isInHand: ({ metadata }) => inHand.has(metadata.labels?.[stateLabel]),
  counted: ({ status: { updatedReplicas: count = 0 } = {} }) => ({ least: count, most: count }),
  /** With all pods on one revision it takes that for the current one, and counts those before as history. */
  room: 10,
  unfit: (set, target) => partitioned(set, target) ?? hooked(set, target),
  scaling: (kube, signal) => byDeletionCost(kube, cloneSets, signal),
};

/** CloneSets of OpenKruise, in place. */
export const createCloneSet = createSet(kind);

/** Why a partition stands against a release, as with a StatefulSet; it is a number of pods here, or a share of them. */
function partitioned({ spec }: CloneSet, target: Target): SluiceError | undefined {
  const partition = spec.updateStrategy?.partition ?? 0;
  if (Number.parseFloat(String(partition)) === 0) return undefined;
  return new SluiceError(
    'WORKLOAD_UNFIT',
    `${workloadName(target)} has the partition ${partition}: so many of its pods keep their version, whatever its template says.`,
    {
      next: 'Set spec.updateStrategy.partition to 0. The gray group and the batches of a release stop at gates where a partition stops at a number.',
    },
  );
}

/** Why a hook stands against a release: whoever does something for a pod before its update would not be asked. */
function hooked({ spec }: CloneSet, target: Target): SluiceError | undefined {
  if (spec.lifecycle?.inPlaceUpdate === undefined) return undefined;
  return new SluiceError(
    'WORKLOAD_UNFIT',
    `${workloadName(target)} has the hook spec.lifecycle.inPlaceUpdate: a release changes pods itself, and would go past it.`,
    { next: 'Take the hook away, and let `traffic.through` take the pods out of traffic before they change.' },
  );
}
