import { SluiceError } from './errors.ts';
import { cloneset } from './kinds/cloneset.ts';
import { daemonset } from './kinds/daemonset.ts';
import { deployment } from './kinds/deployment.ts';
import type { Kind } from './kinds/kind.ts';
import { replicaset } from './kinds/replicaset.ts';
import { statefulset } from './kinds/statefulset.ts';
import { marks, type Target, workloadName } from './names.ts';

/** The kinds of workload by the name that a {@link Target} has. A new one is a line here and one in activities/kubernetes/workloads.ts. */
export const kinds = { deployment, replicaset, statefulset, daemonset, cloneset } satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

const isKindName = (name: string): name is KindName => Object.hasOwn(kinds, name);

/** What kubectl users type for a kind; the value is the kind of {@link Target}. */
export const kindAliases: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(kinds).flatMap(([kind, { aliases }]) => [...aliases, kind].map((alias) => [alias, kind])),
);

/** @throws WORKLOAD_UNFIT for a kind that there is none of, naming those that there are */
export function kindName(target: Target): KindName {
  if (isKindName(target.kind)) return target.kind;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `Sluice cannot release ${workloadName(target)}: it releases workloads of kind ${Object.keys(kinds).join(', ')}.`,
  );
}

/** @throws WORKLOAD_UNFIT */
export const kindOf = (target: Target): Kind => kinds[kindName(target)];

/** How to free a workload by hand that a release still holds which will never end. */
export function freeByHand(target: Target): string {
  const on = `${workloadName(target)} -n ${target.namespace}`;
  const unmark = `\`kubectl annotate ${on} ${marks.release}- ${marks.before}-\``;
  return isKindName(target.kind) ? `${unmark}, and ${kinds[target.kind].free(on)}` : unmark;
}
