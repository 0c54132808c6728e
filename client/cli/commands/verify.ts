import type { Command } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import { countOf } from '../../../workflows/contract/quantity.ts';
import type { Verified } from '../../sdk/verify.ts';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { namedTarget } from '../namedTarget.ts';
import { withConnection, withOutput, withTarget } from '../options.ts';
import type { Session } from '../session.ts';
import { withSluice } from '../session.ts';
import { specAfter } from '../spec.ts';
import { type SpecFlags, withStrategy } from '../specFlags.ts';
import { commandFor } from '../view/commands.ts';
import { verifyLines } from '../view/verify.ts';

interface Flags extends BeginFlags, SpecFlags {
  readonly repair?: boolean;
}

/** `sluice verify deployment/checkout [--repair]` */
export function registerVerify(program: Command, host: Host): void {
  withConnection(withOutput(withBeginning(withStrategy(withTarget(program.command('verify'))))))
    .description('look whether every pod still runs what the last release reloaded; exit code 4 where one does not')
    .option('--repair', 'release it again, to those pods: with the batches and gates of then, and flags over them')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice verify deployment/checkout -n shop',
        '  sluice verify deployment/checkout -n shop --repair --no-gates --wait',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const target = await namedTarget(session, 'verify', words, flags);
        return withSluice(session, flags, async (sluice) => {
          const verified = await sluice.verify(target, { signal: session.signal });
          if (flags.repair !== true || verified.behind.length === 0) return told(session, verified);
          const spec = await specAfter(session, flags, { target, spec: verified.spec });
          const reason = `repair of ${countOf(verified.behind.length, 'pod')}`;
          return begin(session, sluice, spec, flags, { reason });
        });
      }),
    );
}

/** @throws FALLEN_BACK where a pod does not run it, after the pods are told */
function told({ output, defaults }: Session, verified: Verified): void {
  const { spec: _, ...shown } = verified;
  output.result(shown, (look) => verifyLines(verified, look, { wide: output.format === 'wide' }));
  const { target, behind, version } = verified;
  if (behind.length === 0) return;
  throw new SluiceError(
    'FALLEN_BACK',
    `${countOf(behind.length, 'pod')} of ${workloadName(target)} ${behind.length === 1 ? 'does' : 'do'} not run ${version}.`,
    { next: `Reload them with \`${commandFor('verify', target, defaults, '--repair')}\`.` },
  );
}
