import type { Client } from '@temporalio/client';
import type { Target } from '../../workflows/contract/names.ts';
import { lastRelease } from './lastRelease.ts';
import { followUp } from './spec/followUp.ts';
import { restartChange } from './spec/restartChange.ts';
import { type Started, type Starting, startRelease } from './start.ts';
import { undefinedIfUnknown } from './unknownRelease.ts';

export interface RestartOptions extends Omit<Starting, 'gated'> {
  /** Only these. Default: every container of the pod template. */
  readonly containers?: readonly string[];
}

/**
 * Restarts a workload in the manner of its last release: with that one's drain, batches, gates and checks; with the
 * defaults where none is known. For another manner start a spec with `change: { restart: true }`.
 * @throws SPEC_INVALID (containers that are no names), WORKER_ABSENT, CLUSTER_UNKNOWN, RELEASE_EXISTS, TEMPORAL_*
 */
export async function restartWorkload(
  client: Client,
  target: Target,
  { containers, ...starting }: RestartOptions,
): Promise<Started> {
  const [last, { readSpec }] = await Promise.all([
    lastRelease(client, target).catch(undefinedIfUnknown),
    // With zod and yaml, which most programs do not need.
    import('./specFile.ts'),
  ]);
  const spec = readSpec(followUp({ target, spec: last?.spec, change: restartChange(containers) }));
  return startRelease(client, spec, starting);
}
