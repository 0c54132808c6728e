import type { Command } from 'commander';
import { type ExitCode, SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import type { Sluice } from '../../sdk/client.ts';
import type { LiveStatus } from '../../sdk/status.ts';
import { undoChange, undoOf } from '../../sdk/undo.ts';
import { undefinedIfUnknown } from '../../sdk/unknownRelease.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { numberFlag, withConnection, withOutput, withTarget } from '../options.ts';
import { tell } from '../say.ts';
import { type Session, whoAmI, withSluice } from '../session.ts';
import { specAfter } from '../spec.ts';
import { asksForApproval, type SpecFlags, withStrategy } from '../specFlags.ts';
import { commandFor } from '../view/commands.ts';

interface Flags extends BeginFlags, SpecFlags {
  readonly toRevision?: number;
  readonly reason?: string;
}

/** `sluice undo deployment/checkout [--to-revision 3]` */
export function registerUndo(program: Command, host: Host): void {
  // Before the options of the spec: a `--no-gates` alone would count as `--gates` where it is not given.
  const command = program
    .command('undo')
    .option('--gates', 'wait at the gates of the spec, however near the revision is');
  withConnection(withOutput(withBeginning(withStrategy(withTarget(command)))))
    .description('go back to an earlier revision; while a release runs, roll that one back')
    .option('--to-revision <number>', 'which one (default: the one before the current one)', numberFlag(1))
    .option('--reason <text>', 'why; kept in the history')
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'undo', words, flags);
        return withSluice(session, flags, (sluice) => undo(session, sluice, target, flags));
      }),
    );
}

async function undo(session: Session, sluice: Sluice, target: Target, flags: Flags): Promise<ExitCode> {
  const history = await sluice.history(target, { signal: session.signal });
  if (history.running !== undefined) return rollBack(session, sluice, history.running, flags);
  const undone = undoOf(history, flags.toRevision);
  const { revision, back } = undone;
  // A workload that Sluice never released is undone with the defaults.
  const last = await sluice.last(target).catch(undefinedIfUnknown);
  const change = undoChange(undone, last?.spec);
  const asked = await specAfter(session, flags, { target, spec: last?.spec, change });
  const window = asked.strategy.rollbackWindow;
  const quick = flags.gates === undefined && !asksForApproval(flags) && back <= window;
  const [{ quickWay, servicesIn }, { withoutGates }] = await Promise.all([
    import('../../sdk/spec/quickWay.ts'),
    import('../../sdk/spec/withoutGates.ts'),
  ]);
  // Whoever asks for gates, or for the mode, gets its steps.
  const asIs = (!quick && flags.gates !== false) || flags.mode !== undefined || flags.keepOld !== undefined;
  const selecting = async (): Promise<readonly string[]> => servicesIn(await sluice.traffic(target, { through: [] }));
  const gated = (asIs ? undefined : await quickWay(asked, selecting)) ?? asked;
  const spec = quick ? withoutGates(gated) : gated;
  if (!session.output.structured) {
    const where = back === 0 ? 'the same version' : back === 1 ? 'the one before' : `${back} back`;
    const how = quick ? `; no gates within strategy.rollbackWindow (${window})` : '';
    const way = gated === asked ? '' : `; not by ${asked.strategy.mode}, which --mode asks for`;
    session.output.note(({ colours }) => [colours.dim(`Back to revision ${revision}, ${where}${how}${way}.`)]);
  }
  const why = flags.reason === undefined ? '' : `: ${flags.reason}`;
  const reason = `undo to revision ${revision}${why}`;
  return begin(session, sluice, spec, flags, { reason, ...(quick && { gated }) });
}

/** While a release runs, undoing means that one, paused or not. @throws RELEASE_EXISTS where a revision is named */
function rollBack(
  session: Session,
  sluice: Sluice,
  { target, run, version }: LiveStatus,
  flags: Flags,
): Promise<ExitCode> {
  if (flags.toRevision !== undefined) {
    const first = commandFor('undo', target, session.defaults, '--wait');
    throw new SluiceError('RELEASE_EXISTS', `${workloadName(target)} is being released to ${version} now.`, {
      next: `Roll that back with \`${first}\`, then go to revision ${flags.toRevision}.`,
    });
  }
  const { by = whoAmI(session.io.env), reason = 'undo' } = flags;
  return tell(session, sluice, target, { name: 'rollback', args: { by, reason, run } }, flags);
}
