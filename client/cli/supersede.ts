import { type ErrorCode, type ExitCode, SluiceError } from '../../workflows/contract/errors.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { Sluice } from '../sdk/client.ts';
import type { Started, Starting } from '../sdk/start.ts';
import { targetOfSpec } from '../sdk/target.ts';
import { staysUntilEnd } from './follow.ts';
import type { WaitFlags } from './options.ts';
import type { Session } from './session.ts';
import { commandFor } from './view/commands.ts';
import { harmless } from './view/text.ts';

/** How long a command that does not wait stays until the newer version has begun, in ms. */
const handWaitMs = 30_000;

/** Pods of the release that is superseded are still in hand. */
interface InHand {
  readonly text: string;
  readonly target: Target;
  readonly superseded: string;
}

/** Nothing runs that could be superseded. */
const none: ReadonlySet<ErrorCode> = new Set(['RELEASE_NOT_FOUND', 'RELEASE_OVER']);

/**
 * Lets the release that runs go on to `spec`, and waits until that has begun. Undefined where none runs: then it is started
 * as any other.
 */
export async function supersede(
  session: Session,
  sluice: Sluice,
  spec: ReleaseSpec,
  { key, ...flags }: Starting & WaitFlags & { readonly key?: string },
): Promise<Started | InHand | undefined> {
  const { initiator, reason, gated, paused } = flags;
  const starting: Starting = {
    initiator,
    ...(reason !== undefined && { reason }),
    ...(gated !== undefined && { gated }),
    ...(paused !== undefined && { paused }),
  };
  const superseding = await sluice
    .supersede(spec, { ...starting, ...(key !== undefined && { updateId: key }) })
    .catch((error: unknown) => {
      if (error instanceof SluiceError && none.has(error.code)) return undefined;
      throw error;
    });
  if (superseding === undefined) return undefined;
  const { text, superseded } = superseding;
  session.output.note(({ colours, glyphs }) => [`${colours.green(glyphs.ok)} ${harmless(text)}`]);
  const limitMs = staysUntilEnd(flags) ? flags.timeout : handWaitMs;
  const limit = limitMs === undefined ? undefined : AbortSignal.timeout(limitMs);
  const signal = limit === undefined ? session.signal : AbortSignal.any([session.signal, limit]);
  try {
    return await superseding.begun(signal);
  } catch (error) {
    if (limit?.aborted !== true || session.signal.aborted) throw error;
    return { text, superseded, target: targetOfSpec(spec) };
  }
}

/** Tells how to go on where pods of the old release are in hand for longer than somebody waits. */
export function stillInHand({ output, defaults }: Session, { text, target, superseded }: InHand): ExitCode {
  output.result({ target, superseded, text }, ({ colours, glyphs }) => [
    `${colours.yellow(glyphs.warn)} Pods of the release before are still in hand; the newer version begins when they are through.`,
  ]);
  if (!output.structured) output.note(() => [`  ${commandFor('status', target, defaults, '--watch')}`]);
  return 0;
}
