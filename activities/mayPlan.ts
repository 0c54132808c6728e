import { SluiceError } from '../workflows/contract/errors.ts';
import { kindAliases } from '../workflows/contract/kinds.ts';
import { idOfHolder, marks, releaseId, type Target, workloadName } from '../workflows/contract/names.ts';
import type { ReleaseSpec } from '../workflows/contract/spec.ts';
import type { ObservedWorkload } from './ports.ts';

/** Whom a valid spec is about. @throws CLUSTER_UNKNOWN where its cluster is not `own`, that of this worker */
export function targetOf({ metadata, target }: Pick<ReleaseSpec, 'metadata' | 'target'>, own: string): Target {
  const { cluster, workload } = target;
  if (cluster !== own) {
    throw new SluiceError('CLUSTER_UNKNOWN', `This worker changes the cluster ${own}, not ${cluster}.`);
  }
  const [kind = '', name = ''] = workload.split('/');
  return { cluster, namespace: metadata.namespace, kind: kindAliases[kind] ?? kind, name };
}

/** @throws WORKLOAD_BUSY where another release holds it */
export function requireFree(target: Target, { holder }: ObservedWorkload): void {
  if (holder === undefined || idOfHolder(holder) === releaseId(target)) return;
  const at = `${workloadName(target)} -n ${target.namespace}`;
  throw new SluiceError('WORKLOAD_BUSY', `${workloadName(target)} is held by the release ${idOfHolder(holder)}.`, {
    next: `See \`sluice status ${at}\`. If its workflow was terminated and will never end: \`kubectl annotate ${at} ${marks.release}- ${marks.before}-\`.`,
    details: { holder },
  });
}
