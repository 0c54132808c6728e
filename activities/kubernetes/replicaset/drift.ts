import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { holdMarks, requireNobodyElse } from '../holder.ts';
import { replicaSets } from '../resources.ts';
import { retryConflicts } from '../retryConflicts.ts';
import { requireTemplate } from '../templateChange.ts';
import type { Connection } from '../types.ts';
import type { ReplicaSet } from '../wire.ts';
import { lookHeld, lookThere } from './look.ts';
import { readTrail, uncommitted } from './trail.ts';

/** It, if it still is as the release took it, with the template that the release has left in it. @throws WORKLOAD_NOT_FOUND, WORKLOAD_CHANGED */
export async function requireUnchanged(kube: Connection, held: HeldRequest): Promise<ReplicaSet> {
  const set = await lookHeld(kube, held);
  const trail = readTrail(set);
  if (trail) requireTemplate(set.spec.template ?? {}, trail.after ?? trail.template, held.target);
  return set;
}

/** Marked again, with the template that the release found. @throws WORKLOAD_NOT_FOUND; WORKLOAD_BUSY */
export const takeOver = (kube: Connection, held: HeldRequest): Promise<void> =>
  retryConflicts(async () => {
    const set = await lookThere(kube, held);
    requireNobodyElse(set, held);
    const { resourceVersion, annotations } = set.metadata;
    const trail = uncommitted(readTrail(set) ?? { template: set.spec.template ?? {}, cause: null });
    const labels = { ...trail.template.metadata?.labels, ...serving(set) };
    const template = { ...trail.template, metadata: { ...trail.template.metadata, labels } };
    const body = [
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/metadata/annotations', value: { ...annotations, ...holdMarks(held.holder, trail) } },
      { op: 'replace', path: '/spec/template', value: template },
    ];
    await kube.patch(replicaSets, held.target, body, { as: 'json' });
  });

/** Our label of an open way out of traffic: pods that are born while it is open need it. */
function serving({ spec }: ReplicaSet): Readonly<Record<string, string>> {
  const value = spec.template?.metadata?.labels?.[marks.serving];
  return value === undefined ? {} : { [marks.serving]: value };
}
