import type { NativeRevision } from '../../../workflows/contract/history.ts';
import { marks, type Target } from '../../../workflows/contract/names.ts';
import { causeKey } from '../templateChange.ts';
import { difference, templateImages, withImages } from '../templates.ts';
import type { Connection } from '../types.ts';
import type { Deployment, ReplicaSet } from '../wire.ts';
import { lookAt, newSetOf } from './look.ts';
import { earlierKey, revisionKey } from './trail.ts';

/** The revisions that a Deployment keeps, newest first. @throws WORKLOAD_NOT_FOUND, NAMESPACE_NOT_FOUND */
export async function revisions(
  kube: Connection,
  target: Target,
): Promise<{ readonly uid: string; readonly revisions: readonly NativeRevision[] }> {
  const { deployment, sets, live } = await lookAt(kube, target);
  const current = newSetOf(deployment, sets) ?? live;
  const found = sets.flatMap((set) => revisionOf(deployment, set, set === current));
  return { uid: deployment.metadata.uid, revisions: found.toSorted((a, b) => b.revision - a.revision) };
}

function revisionOf(deployment: Deployment, set: ReplicaSet, current: boolean): NativeRevision[] {
  const { annotations = {}, creationTimestamp } = set.metadata;
  const { template } = set.spec;
  const revision = Number(annotations[revisionKey]);
  if (!template || !(revision > 0)) return [];
  const images = templateImages(template);
  const cause = annotations[causeKey];
  const differs = difference(template, withImages(deployment.spec.template, images), [marks.serving]);
  return [
    {
      revision,
      current,
      images,
      ...(creationTimestamp !== undefined && annotations[earlierKey] === undefined && { createdAt: creationTimestamp }),
      ...(cause !== undefined && { cause }),
      ...(differs !== undefined && { differs }),
    },
  ];
}
