import type { Command } from 'commander';
import type { AnySpec } from '../../workflows/contract/documents.ts';
import { type ExitCode, SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import { isOver, type ReleaseStatus } from '../../workflows/contract/status.ts';
import type { Sluice } from '../sdk/client.ts';
import { givenUp } from '../sdk/retrying.ts';
import type { Started, Starting } from '../sdk/start.ts';
import { targetOfSpec } from '../sdk/target.ts';
import { exitOf, follow, staysUntilEnd } from './follow.ts';
import { type CommonFlags, type WaitFlags, withWaiting } from './options.ts';
import { type Session, whoAmI } from './session.ts';
import { showPlan } from './showPlan.ts';
import { stillInHand, supersede } from './supersede.ts';
import { commandFor } from './view/commands.ts';
import { nextCommands, statusLines } from './view/status.ts';
import { harmless } from './view/text.ts';

export interface BeginFlags extends CommonFlags, WaitFlags {
  readonly by?: string;
  readonly dryRun?: boolean;
  /** Take the place of a release that runs. */
  readonly supersede?: boolean;
}

/** The options of every command that starts a release. `end`: until when its `--wait` stays. */
export const withBeginning = (command: Command, end?: string): Command =>
  withWaiting(command, end)
    .option('--dry-run', 'only show the plan; touches nothing')
    .option('--by <name>', 'who starts it (default: $SLUICE_USER, or $USER)');

/** How long a command that does not wait stays until the plan is made, in ms: a wrong image should be told now. */
const planWaitMs = 30_000;

/**
 * Starts a release, a scale or a drain, and stays with it as the flags ask: until its plan is made, or until its end. A dry run shows its
 * plan instead.
 * @param more why it is started, where that is more than the spec says
 */
export async function begin(
  session: Session,
  sluice: Sluice,
  spec: AnySpec,
  flags: BeginFlags,
  more: Omit<Starting, 'initiator'> = {},
): Promise<ExitCode> {
  const initiator = flags.by ?? whoAmI(session.io.env);
  const superseded = flags.supersede === true && spec.kind === 'Release' ? spec : undefined;
  if (flags.dryRun === true) return showPlan(session, sluice, spec, superseded && { initiator });
  const { output, defaults } = session;
  const starting = { initiator, ...more };
  const started =
    (superseded && (await supersede(session, sluice, superseded, { ...flags, ...starting }))) ??
    (await start(session, sluice, spec, starting));
  if ('text' in started) return stillInHand(session, started);
  const { target } = started;
  if (staysUntilEnd(flags)) {
    const until = spec.kind === 'Drain' && spec.drain.pods.length > 0 ? standsStill : undefined;
    const status = await follow(session, sluice, target, { ...flags, run: started.run, until });
    if (flags.watch !== true || output.structured)
      output.result(status, (look) => statusLines(status, look, { ...defaults, wide: output.format === 'wide' }));
    return exitOf(status);
  }
  const status = await planned(session, sluice, started);
  if (status === undefined) {
    output.result(started, ({ colours, glyphs }) => [
      `${colours.green(glyphs.ok)} Started ${started.id}; its plan is not made yet.`,
    ]);
    if (!output.structured) output.note(() => [`  ${commandFor('status', target, defaults, '--watch')}`]);
    return 0;
  }
  if (isOver(status.phase) && status.failure !== undefined && status.plan === undefined) {
    const { code, text, next } = status.failure;
    throw new SluiceError(code, text, { next, details: { release: started.id, run: started.run } });
  }
  output.result(status, ({ colours, glyphs }) => [`${colours.green(glyphs.ok)} ${colours.bold(headline(status))}`]);
  if (!output.structured) {
    output.note(({ colours, glyphs }) => [
      ...(status.plan?.warnings ?? []).map(({ message }) => colours.yellow(`${glyphs.warn} ${harmless(message)}`)),
      ...nextCommands(status, defaults).map((command) => `  ${command}`),
    ]);
  }
  return exitOf(status);
}

/** A running release of the same workload is named with where it is and who started it. */
async function start(session: Session, sluice: Sluice, spec: AnySpec, starting: Starting): Promise<Started> {
  try {
    return await startOf(sluice, spec, starting);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'RELEASE_EXISTS') throw error;
    const target = targetOfSpec(spec);
    const other = await sluice.status(target).catch(() => undefined);
    if (other === undefined) throw error;
    const { version, initiator: by, text, phase, run } = other;
    throw new SluiceError('RELEASE_EXISTS', `${workloadName(target)} ${doingOf(other)} by ${by}. ${text}`, {
      next: nextBeside(spec, target, session, other),
      details: { run, phase, initiator: by, version },
      cause: error,
    });
  }
}

/** A drain has done what was asked when its pods are out: it ends much later. */
const standsStill = ({ phase }: ReleaseStatus): boolean => phase === 'gate';

function startOf(sluice: Sluice, spec: AnySpec, starting: Starting): Promise<Started> {
  switch (spec.kind) {
    case 'Release':
      return sluice.start(spec, starting);
    case 'Scale':
      return sluice.scale(spec, starting);
    case 'Drain':
      return sluice.drain(spec, starting);
  }
}

function doingOf({ app, version, restart, scale, drain }: ReleaseStatus): string {
  if (drain === true) return 'has pods taken out of traffic';
  if (scale !== undefined) return `is being scaled to ${version}`;
  return `is being ${restart === true ? `restarted (${app} ${version})` : `released to ${app} ${version}`}`;
}

/** Only a release takes the place of a release. */
function nextBeside(spec: AnySpec, target: Target, { defaults }: Session, { scale, drain }: ReleaseStatus): string {
  const see = `See it with \`${commandFor('status', target, defaults)}\``;
  if (drain === true) return `${see}, or put the pods back with \`${commandFor('restore', target, defaults)}\`.`;
  const undo = `undo it with \`${commandFor('rollback', target, defaults)}\``;
  if (spec.kind !== 'Release' || scale !== undefined) return `${see}, or ${undo}.`;
  return `${see}, ${undo}, or let it go on to this version from where it is with \`sluice release … --supersede\`.`;
}

/** The first status that knows the plan, or that the release ended before it; undefined when it takes too long. */
async function planned(
  session: Session,
  sluice: Sluice,
  { id, target, run }: Started,
): Promise<ReleaseStatus | undefined> {
  const signal = AbortSignal.any([session.signal, AbortSignal.timeout(planWaitMs)]);
  for await (const status of sluice.watch(target, { signal, run, intervalMs: 100 })) {
    if (status.plan !== undefined || isOver(status.phase)) return status;
    const error = givenUp(status.retrying, 'The release is started, but its plan cannot be made yet');
    if (error !== undefined) {
      throw new SluiceError(error.code, error.message, {
        next: `It goes on trying by itself. See it with \`${commandFor('status', target, session.defaults)}\`, or take it back with \`${commandFor('rollback', target, session.defaults)}\`.`,
        details: { ...error.details, release: id, run },
      });
    }
  }
  return undefined;
}

function headline({ app, version, fromVersion, restart, scale, drain, plan, batches, target }: ReleaseStatus): string {
  if (drain === true) {
    const pods = batches.flatMap((batch) => batch.pods.map(({ name }) => name));
    return pods.length === 0
      ? `Putting back whoever was left out of traffic of ${workloadName(target)}`
      : `Taking ${pods.join(', ')} of ${workloadName(target)} out of traffic`;
  }
  if (scale !== undefined) {
    return `Scaling ${workloadName(target)} from ${scale.from} to ${version} in ${batches.length} ${batches.length === 1 ? 'batch' : 'batches'}`;
  }
  const pods = plan?.replicas ?? 0;
  const what =
    restart === true ? `Restarting ${app} ${version}` : `Releasing ${app} ${fromVersion || '?'} → ${version}`;
  return `${what}: ${pods} pods of ${workloadName(target)} in ${batches.length} batches`;
}
