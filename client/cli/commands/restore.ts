import type { Command } from 'commander';
import { drainGate } from '../../../workflows/contract/drain/plan.ts';
import { type ExitCode, SluiceError } from '../../../workflows/contract/errors.ts';
import type { MessageArguments } from '../../../workflows/contract/messages.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import { isOver, type ReleaseStatus } from '../../../workflows/contract/status.ts';
import type { Sluice } from '../../sdk/client.ts';
import { undefinedIfUnknown } from '../../sdk/unknownRelease.ts';
import { begin } from '../begin.ts';
import { type TrafficFlags } from '../drainFlags.ts';
import { drainSpecOf } from '../drainSpec.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { listFlag } from '../options.ts';
import { type SayFlags, tell, withSaying } from '../say.ts';
import { type Session, whoAmI, withSluice } from '../session.ts';
import { commandFor } from '../view/commands.ts';

interface Flags extends SayFlags, TrafficFlags {
  readonly file?: string;
}

/** `sluice restore deployment/checkout`: ends a drain; where none runs, puts back whoever was left out. */
export function registerRestore(program: Command, host: Host): void {
  withSaying(program.command('restore'))
    .description('put pods back into traffic that `sluice drain` took out, or that a terminated release left out')
    .option('--service <name>', 'where no drain runs: out of which Service (default: as the last release)', listFlag)
    .option('--readiness-gate <type>', 'where no drain runs: by which readiness gate', listFlag)
    .option('-f, --file <path>', 'where no drain runs: a drain spec with the ways out of traffic')
    .addHelpText(
      'after',
      ['', 'Examples:', '  sluice restore deployment/checkout -n shop --wait --reason "looks fine again"'].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'restore', words, flags);
        return withSluice(session, flags, (sluice) => restore(session, sluice, target, flags));
      }),
    );
}

async function restore(session: Session, sluice: Sluice, target: Target, flags: Flags): Promise<ExitCode> {
  const status = await sluice.status(target).catch(undefinedIfUnknown);
  if (status === undefined || isOver(status.phase)) return putLeftBack(session, sluice, target, flags);
  const reason = flags.reason ?? flags.comment;
  const by = flags.by ?? whoAmI(session.io.env);
  const said = { by, run: status.run, ...(reason !== undefined && { reason }) };
  const message = endOf(status, target, session, said);
  const exit = await tell(session, sluice, target, message, flags);
  // Called off before its pods were out: that is what was asked for.
  const isBack = message.name === 'rollback' && exit === 4;
  return isBack && (await sluice.status(target)).phase === 'rolledBack' ? 0 : exit;
}

/** At its gate it is approved, and has succeeded; before that there is nothing but the way back. */
function endOf(
  { drain, waiting, paused, phase, app, version }: ReleaseStatus,
  target: Target,
  { defaults }: Session,
  said: MessageArguments['rollback'],
) {
  if (drain !== true) {
    throw new SluiceError('RELEASE_EXISTS', `No drain of ${workloadName(target)} runs, but ${app} ${version} does.`, {
      next: `It puts back its own pods. See it with \`${commandFor('status', target, defaults)}\`, or undo it with \`${commandFor('rollback', target, defaults)}\`.`,
    });
  }
  if (phase === 'committing' || phase === 'rollingBack') {
    throw new SluiceError('ALREADY_DECIDED', `The pods of ${workloadName(target)} are being put back already.`, {
      next: `See it with \`${commandFor('status', target, defaults, '--wait')}\`.`,
    });
  }
  const atGate = paused === undefined && waiting?.gate === drainGate;
  return atGate
    ? ({ name: 'approve', args: { ...said, gate: drainGate } } as const)
    : ({ name: 'rollback', args: said } as const);
}

/** A drain of nobody: whoever a release or drain that was terminated left out is put back. */
async function putLeftBack(session: Session, sluice: Sluice, target: Target, flags: Flags): Promise<ExitCode> {
  const nobody = { from: 'the command', path: ['drain', 'pods'], value: [] };
  const spec = await drainSpecOf(session, sluice, target, { ...flags }, [nobody]);
  const reason = flags.reason ?? flags.comment;
  return begin(session, sluice, spec, flags, { ...(reason !== undefined && { reason }) });
}
