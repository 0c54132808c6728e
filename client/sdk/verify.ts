import type { Client } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { recordsOf } from '../../workflows/contract/history.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { PlannedPod } from '../../workflows/contract/plan.ts';
import { bringsVersion, type ReleaseRecord } from '../../workflows/contract/record.ts';
import { type History, readHistory } from './history.ts';
import { followUp } from './spec/followUp.ts';
import { makePlan } from './start.ts';

/** Whether the pods of a workload still run what its last release reloaded into them. */
export interface Verified {
  readonly target: Target;
  /** What they shall run. */
  readonly version: string;
  /**
   * `Reloaded`: it is in the pods only, which were looked at. `Template`: it is the template of the workload, which its
   * own controller keeps them to; nothing was looked at.
   */
  readonly by: 'Reloaded' | 'Template';
  /** Pods that do not run it: started anew or born since, or they had failed. */
  readonly behind: readonly Pick<PlannedPod, 'name' | 'uid' | 'node' | 'ready'>[];
  /** The spec of that release, as it was written: released again, it brings those along and no others. */
  readonly spec: unknown;
}

/**
 * Looks at every pod; touches nothing. It goes by the last release that succeeded, restarts, scales and drains left out.
 * @throws RELEASE_NOT_FOUND where none is known, WORKLOAD_BUSY while one runs, and whatever stops a plan
 */
export async function verifyWorkload(client: Client, target: Target, signal?: AbortSignal): Promise<Verified> {
  const { entries, withheld } = await readHistory(client, target, signal);
  const last = lastVersion(entries);
  if (last === undefined) {
    const why = withheld === undefined ? '' : ` The records cannot be read: ${withheld}`;
    throw new SluiceError('RELEASE_NOT_FOUND', `No release of ${workloadName(target)} that succeeded is known.${why}`);
  }
  const { version, spec } = last;
  if (last.reload !== true) return { target, version, by: 'Template', behind: [], spec };
  // With zod and yaml, which most programs do not need.
  const { readSpec } = await import('./specFile.ts');
  const behind = await makePlan(client, readSpec(followUp({ target, spec })), signal).then(
    ({ batches }) =>
      batches.flatMap(({ pods }) => pods.map(({ name, uid, node, ready }) => ({ name, uid, node, ready }))),
    noneIfUnchanged,
  );
  return { target, version, by: 'Reloaded', behind, spec };
}

/** The newest release that succeeded and brought a version. */
export const lastVersion = (entries: History['entries']): ReleaseRecord | undefined =>
  recordsOf(entries).find((record) => record.phase === 'succeeded' && bringsVersion(record) && record.restart !== true);

function noneIfUnchanged(error: unknown): [] {
  if (error instanceof SluiceError && error.code === 'RELOAD_UNCHANGED') return [];
  throw error;
}
