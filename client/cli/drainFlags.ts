import type { Command } from 'commander';
import type { SpecOverride } from '../sdk/spec/overrides.ts';
import { listFlag, type TargetFlags } from './options.ts';
import { setField, setTarget } from './setField.ts';
import { type SpecFlags, specOption, throughOf } from './specFlags.ts';

/** The options that say through what pods leave traffic, and how long that may take. */
export type TrafficFlags = Pick<SpecFlags, 'service' | 'readinessGate' | 'quietPeriod' | 'maxDrain'> & {
  readonly onDrainTimeout?: string;
};

/** The options that stand for fields of a drain spec; those that a release has too are called the same. */
export interface DrainFlags extends TargetFlags, TrafficFlags, Pick<SpecFlags, 'file' | 'name'> {
  readonly pod?: readonly string[];
  readonly for?: string;
}

export const withDrain = (command: Command): Command =>
  command
    .option('-f, --file <path>', 'drain spec as YAML or JSON; - reads standard input')
    .addOption(specOption('--pod <name>', 'take this pod out; can be repeated').argParser(listFlag))
    .addOption(
      specOption('--for <duration>', 'put back by itself after this time, such as 2h (default: `sluice restore`)'),
    )
    .addOption(
      specOption('--service <name>', 'out of this Service; can be repeated (default: as the last release)').argParser(
        listFlag,
      ),
    )
    .addOption(specOption('--readiness-gate <type>', 'out by this readiness gate').argParser(listFlag))
    .addOption(specOption('--quiet-period <duration>', 'so long without a connection counts as silence (default: 5s)'))
    .addOption(specOption('--max-drain <duration>', 'how long to wait for silence at most (default: 60s)'))
    .addOption(
      specOption(
        '--on-drain-timeout <what>',
        'Stop or Continue: back into traffic when it is not silent by then, or out all the same (default: Stop)',
      ),
    )
    .addOption(specOption('--name <app>', 'name of the application (default: that of the workload)'));

/** The fields that the command line sets, as they were typed: the schema judges them. */
export function drainOverrides(words: readonly string[], flags: DrainFlags): readonly SpecOverride[] {
  return [
    ...setTarget(words, flags),
    ...setField('--pod', 'drain.pods', flags.pod),
    ...setField('--for', 'drain.for', flags.for),
    ...setField('--quiet-period', 'traffic.quiet', flags.quietPeriod),
    ...setField('--max-drain', 'traffic.maxDrain', flags.maxDrain),
    ...setField('--on-drain-timeout', 'traffic.onDrainTimeout', flags.onDrainTimeout),
    ...setField('--service', 'traffic.through', throughOf(flags)),
  ];
}
