import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import type { LastRelease } from '../../sdk/lastRelease.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { specAfter } from '../spec.ts';
import { type SpecFlags, withSpec } from '../specFlags.ts';
import { phaseWords } from '../view/states.ts';

type Flags = BeginFlags & SpecFlags;

/** `sluice retry deployment/checkout`, and `--no-gates` to go all the way at once. */
export function registerRetry(program: Command, host: Host): void {
  withConnection(withOutput(withBeginning(withSpec(withTarget(program.command('retry'))))))
    .description('start the last release again, after it failed or was rolled back')
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'retry', words, flags);
        return withSluice(session, flags, async (sluice) => {
          const last = await sluice.last(target);
          requireFailed(target, last);
          const spec = await specAfter(session, flags, { target, spec: last.spec });
          const reason = `retry of ${last.startedAt}, ${phaseWords(last.phase)}`;
          return begin(session, sluice, spec, flags, { reason });
        });
      }),
    );
}

/** @throws RELEASE_EXISTS, REFUSED where there is nothing to try again */
function requireFailed(target: Target, { running, phase, initiator }: LastRelease): void {
  const name = workloadName(target);
  if (running) {
    throw new SluiceError('RELEASE_EXISTS', `The release of ${name} by ${initiator} still runs: ${phaseWords(phase)}.`);
  }
  if (phase !== 'succeeded') return;
  throw new SluiceError('REFUSED', `The last release of ${name} succeeded: there is nothing to try again.`, {
    next: 'Start another one with `sluice release`, or go back with `sluice undo`.',
  });
}
