import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { parseWorkload } from '../../sdk/target.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import { type DrainFlags, withDrain } from '../drainFlags.ts';
import { drainSpecOf } from '../drainSpec.ts';
import type { Host } from '../host.ts';
import { withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';

interface Flags extends BeginFlags, DrainFlags {
  readonly reason?: string;
}

/** `sluice drain deployment/checkout --pod checkout-5d4f-x2x` */
export function registerDrain(program: Command, host: Host): void {
  const command = withBeginning(withDrain(withTarget(program.command('drain'))), 'the pods are out of traffic');
  withConnection(withOutput(command))
    .description('take pods out of traffic and leave them running, until `sluice restore`')
    .option('--reason <text>', 'why; kept in the history')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice drain deployment/checkout -n shop --pod checkout-5d4f-x2x --wait',
        '  sluice drain deployment/checkout -n shop --pod checkout-5d4f-x2x --service checkout --for 2h',
        '  sluice drain -f drain.yaml --dry-run',
        '',
        'Nothing else is released meanwhile. `sluice traffic` shows who is in and who is out.',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const { defaults } = session;
        const target =
          words.length === 0
            ? undefined
            : parseWorkload(words, flags.namespace ?? 'default', flags.cluster ?? defaults.cluster);
        if (flags.file === undefined && flags.pod === undefined) {
          throw new SluiceError('USAGE', 'No pod is named.', {
            next: 'Name one with `--pod <name>`, or several; `sluice traffic` shows those there are.',
          });
        }
        return withSluice(session, flags, async (sluice) => {
          const spec = await drainSpecOf(session, sluice, target, flags);
          return begin(session, sluice, spec, flags, { ...(flags.reason !== undefined && { reason: flags.reason }) });
        });
      }),
    );
}
