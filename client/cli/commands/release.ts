import type { Command } from 'commander';
import { type BeginFlags, begin } from '../begin.ts';
import type { Host } from '../host.ts';
import { withConnection, withOutput, withTarget, withWaiting } from '../options.ts';
import { withSluice } from '../session.ts';
import { specOf } from '../spec.ts';
import { type SpecFlags, withSpec } from '../specFlags.ts';
import { showPlan } from './plan.ts';

interface Flags extends BeginFlags, SpecFlags {
  readonly dryRun?: boolean;
  readonly paused?: boolean;
}

/** `sluice release -f release.yaml --watch`, or `sluice release deployment/checkout --image app=…:v2`. */
export function registerRelease(program: Command, host: Host): void {
  withConnection(withOutput(withWaiting(withSpec(withTarget(program.command('release'))))))
    .description('start a release')
    .option('--dry-run', 'only show the plan; touches nothing')
    .option('--paused', 'plan it, and touch nothing before `sluice resume`')
    .option('--by <name>', 'who starts it (default: $SLUICE_USER, or $USER)')
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice release -f release.yaml --watch',
        '  sluice release deployment/checkout -n shop --image app=registry.local/checkout:v2 --service checkout',
        '  sluice release -f release.yaml --image app=registry.local/checkout:v3 --yes --wait --timeout 30m',
      ].join('\n'),
    )
    .action((words: string[], flags: Flags) =>
      host.run(flags, async (session) => {
        const spec = await specOf(session, words, flags);
        return withSluice(session, flags, (sluice) =>
          flags.dryRun === true
            ? showPlan(session, sluice, spec)
            : begin(session, sluice, spec, flags, flags.paused === true ? { paused: true } : {}),
        );
      }),
    );
}
