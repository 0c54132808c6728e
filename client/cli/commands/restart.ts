import type { Command } from 'commander';
import { restartChange } from '../../sdk/spec/restartChange.ts';
import { undefinedIfUnknown } from '../../sdk/unknownRelease.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { listFlag, withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { specAfter } from '../spec.ts';
import { type SpecFlags, withStrategy } from '../specFlags.ts';

interface Flags extends BeginFlags, SpecFlags {
  readonly container?: readonly string[];
  readonly reason?: string;
}

/** `sluice restart deployment/checkout [--container app]` */
export function registerRestart(program: Command, host: Host): void {
  withConnection(withOutput(withBeginning(withStrategy(withTarget(program.command('restart'))))))
    .description('restart containers in place, with the image that they run: gray, batches and gates as of a release')
    .option('--container <name>', 'only this one; can be repeated (default: all of the pod template)', listFlag)
    .option('--reason <text>', 'why; kept in the history')
    .addHelpText(
      'after',
      [
        '',
        'Drain, batches, gates and checks are those of the last release; -f and flags are set over them.',
        '',
        'Examples:',
        '  sluice restart deployment/checkout -n shop --reason "new certificates" --watch',
        '  sluice restart deployment/checkout -n shop --container app --no-gates --wait --timeout 30m',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'restart', words, flags);
        return withSluice(session, flags, async (sluice) => {
          const last = await sluice.last(target).catch(undefinedIfUnknown);
          const change = restartChange(flags.container);
          const spec = await specAfter(session, flags, { target, spec: last?.spec, change });
          return begin(session, sluice, spec, flags, flags.reason === undefined ? {} : { reason: flags.reason });
        });
      }),
    );
}
