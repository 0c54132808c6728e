import type { Command } from 'commander';
import { type BeginFlags, begin, withBeginning } from '../begin.ts';
import type { Host } from '../host.ts';
import { withConnection, withOutput, withTarget } from '../options.ts';
import { withSluice } from '../session.ts';
import { specOf } from '../spec.ts';
import { type SpecFlags, withSpec } from '../specFlags.ts';

interface Flags extends BeginFlags, SpecFlags {
  readonly paused?: boolean;
  readonly key?: string;
}

/** `sluice release -f release.yaml --watch`, or `sluice release deployment/checkout --image app=…:v2`. */
export function registerRelease(program: Command, host: Host): void {
  withConnection(withOutput(withBeginning(withSpec(withTarget(program.command('release'))))))
    .description('start a release')
    .option('--paused', 'plan it, and touch nothing before `sluice resume`')
    .option('--supersede', 'where a release runs, let it go on to this version from where it is')
    .option('--key <id>', 'with --supersede, idempotency key: the same key takes effect once and gets the same answer')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice release -f release.yaml --watch',
        '  sluice release deployment/checkout -n shop --image app=registry.local/checkout:v2 --service checkout',
        '  sluice release -f release.yaml --image app=registry.local/checkout:v3 --yes --wait --timeout 30m',
        '  sluice release -f release.yaml --image app=registry.local/checkout:v3 --supersede',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const spec = await specOf(session, words, flags);
        return withSluice(session, flags, (sluice) =>
          begin(session, sluice, spec, flags, flags.paused === true ? { paused: true } : {}),
        );
      }),
    );
}
