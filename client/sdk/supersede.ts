import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { SupersedeMessage } from '../../workflows/contract/messages.ts';
import { releaseId, workloadName } from '../../workflows/contract/names.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { isOver, type ReleaseStatus } from '../../workflows/contract/status.ts';
import { sendMessage } from './send.ts';
import type { Started, Starting } from './start.ts';
import { readStatus } from './status.ts';
import { targetOfSpec } from './target.ts';
import { passing } from './watch.ts';

/** How long the plan of the newer version may take, in ms. */
const planTimeoutMs = 150_000;

/** A newer version that takes the place of the release that runs. */
export interface Superseding {
  /** What the release said. */
  readonly text: string;
  /** The release that ends. */
  readonly superseded: string;
  /**
   * Waits until what was in hand is finished and the newer version has begun, as long as that takes, or until the signal;
   * also while a worker or Temporal is away.
   * @throws why it could not be after all: the other release then goes on, or back
   */
  readonly begun: (signal?: AbortSignal) => Promise<Started>;
}

/**
 * Brings a running release to go on to the version of a valid spec. It is checked and planned before anything stops.
 * @param options.updateId idempotency key
 * @throws RELEASE_NOT_FOUND or RELEASE_OVER where none runs, REFUSED, whatever would stop a release, TEMPORAL_*
 */
export async function supersedeRelease(
  client: Client,
  spec: ReleaseSpec,
  { initiator, reason, gated, paused, updateId }: Starting & { readonly updateId?: string },
): Promise<Superseding> {
  const target = targetOfSpec(spec);
  const before = await runningRelease(client, spec);
  const message: SupersedeMessage = {
    by: initiator,
    spec,
    run: before.run,
    ...(reason !== undefined && { reason }),
    ...(gated !== undefined && { gated }),
    ...(paused === true && { paused }),
  };
  const options = { timeoutMs: planTimeoutMs, ...(updateId !== undefined && { updateId }) };
  const { text } = await sendMessage(client, target, 'supersede', message, options);
  return {
    text,
    superseded: before.run,
    begun: async (signal) => {
      for (;;) {
        const status = await readStatus(client, target).catch((error: unknown) => passing(error));
        const run = status instanceof SluiceError ? undefined : begunIn(status, before);
        if (run !== undefined) return { id: releaseId(target), run, target };
        await sleep(200, undefined, signal && { signal });
      }
    },
  };
}

/** What {@link supersedeRelease} would do; changes nothing. */
export async function planSuperseding(client: Client, spec: ReleaseSpec, initiator: string): Promise<Plan> {
  const { run } = await runningRelease(client, spec);
  const target = targetOfSpec(spec);
  const message = { by: initiator, spec, run, dryRun: true };
  const { plan } = await sendMessage(client, target, 'supersede', message, { timeoutMs: planTimeoutMs });
  if (plan !== undefined) return plan;
  throw new SluiceError('INTERNAL', 'The release answered no plan.');
}

async function runningRelease(client: Client, spec: ReleaseSpec): Promise<ReleaseStatus> {
  const target = targetOfSpec(spec);
  const status = await readStatus(client, target);
  if (!isOver(status.phase)) return status;
  // In the moment in which another one takes its place.
  if (status.phase === 'superseded') {
    await sleep(200);
    return runningRelease(client, spec);
  }
  throw new SluiceError('RELEASE_OVER', `The release of ${workloadName(target)} ended: ${status.phase}.`, {
    next: 'Start a new one, without --supersede.',
  });
}

/** The run in which the newer version has begun; undefined while that is still to come. */
function begunIn(status: ReleaseStatus, before: ReleaseStatus): string | undefined {
  const { run, supersedes, supersededBy, refused, phase, text, target } = status;
  if (run !== before.run) {
    if (supersedes?.run === before.run) return run;
    throw new SluiceError('RELEASE_NOT_FOUND', `Another release of ${workloadName(target)} has begun meanwhile.`);
  }
  // Its successor has not said anything yet.
  if (phase === 'superseded') return undefined;
  if (phase === 'rollingBack' || isOver(phase))
    throw new SluiceError('REFUSED', `It is not superseded any more. ${text}`);
  if (supersededBy !== undefined) return undefined;
  const last = refused.slice(before.refused.length).findLast(({ name }) => name === 'supersede');
  if (last !== undefined) throw new SluiceError(last.code, last.text);
  // The same key was said before, and led to this very release.
  return run;
}
