import type { Command } from 'commander';
import type { SpecOverride } from '../sdk/spec/overrides.ts';
import { listFlag, numberFlag, repeatFlag, type TargetFlags } from './options.ts';
import { setField, setTarget } from './setField.ts';
import { pairsOf, quantityOf, type SpecFlags, specOption, throughOf } from './specFlags.ts';

/** The options that stand for fields of a scale spec; those that a release has too are called the same. */
export interface ScaleFlags
  extends TargetFlags,
    Pick<
      SpecFlags,
      | 'file'
      | 'name'
      | 'batches'
      | 'spreadBy'
      | 'arrange'
      | 'first'
      | 'readyTimeout'
      | 'bake'
      | 'approvals'
      | 'approver'
      | 'service'
      | 'readinessGate'
      | 'quietPeriod'
      | 'maxDrain'
      | 'onFailure'
    > {
  readonly to?: string;
  readonly allowZero?: boolean;
  readonly hpa?: string;
  readonly count?: number;
  readonly selectPod?: readonly string[];
  readonly selectNode?: readonly string[];
  readonly selectLabel?: readonly string[];
  readonly approval?: boolean;
}

export const withScale = (command: Command): Command =>
  command
    .option('-f, --file <path>', 'scale spec as YAML or JSON; - reads standard input')
    .addOption(specOption('--to <number>', 'how many pods the workload shall have'))
    .addOption(specOption('--allow-zero', '`--to 0` is meant: every pod goes'))
    .addOption(
      specOption(
        '--hpa <what>',
        'refuse, suspend or bound: what becomes of a HorizontalPodAutoscaler (default: refuse)',
      ),
    )
    .addOption(
      specOption('--batches <shares>', 'shares of the pods that come or go, such as 20%,30%,50% or 2,4,4').argParser(
        listFlag,
      ),
    )
    .addOption(
      specOption('--count <number>', 'so many batches of even size (default: 3)')
        .argParser(numberFlag(1))
        .conflicts('batches'),
    )
    .addOption(specOption('--select-pod <name>', 'exactly this pod goes; can be repeated').argParser(listFlag))
    .addOption(
      specOption('--select-node <label=value>', 'pods go from nodes with this label, such as zone=a').argParser(
        repeatFlag,
      ),
    )
    .addOption(specOption('--select-label <label=value>', 'pods with this label go').argParser(repeatFlag))
    .addOption(
      specOption('--first <pods>', 'Newest, Oldest, HighestOrdinal or LowestOrdinal go first (default: Newest)'),
    )
    .addOption(specOption('--spread-by <label>', 'node label over which each batch is spread (default: the zone)'))
    .addOption(
      specOption('--arrange <how>', 'Spread or Pack: in turn from each zone, or zone after zone (default: Spread)'),
    )
    .addOption(specOption('--bake <duration>', 'how long to wait after each batch'))
    .addOption(specOption('--approval', 'wait for an approval after each batch'))
    .addOption(specOption('--no-approval', 'do not wait for approvals, whatever the file says (default)'))
    .addOption(specOption('--approvals <number>', 'how many different people must approve').argParser(numberFlag(1)))
    .addOption(
      specOption('--approver <name>', 'who may approve; can be repeated (default: anybody)').argParser(listFlag),
    )
    .addOption(
      specOption('--service <name>', 'take each pod out of this Service before it goes; can be repeated').argParser(
        listFlag,
      ),
    )
    .addOption(specOption('--readiness-gate <type>', 'take each pod out by this readiness gate').argParser(listFlag))
    .addOption(specOption('--quiet-period <duration>', 'so long without a connection counts as silence (default: 5s)'))
    .addOption(specOption('--max-drain <duration>', 'how long to wait for silence at most (default: 60s)'))
    .addOption(
      specOption('--ready-timeout <duration>', 'how long a batch may take to become ready, or to go (default: 5m)'),
    )
    .addOption(specOption('--on-failure <what>', 'Rollback or Hold (default: Rollback)'))
    .addOption(specOption('--name <app>', 'name of the application (default: that of the workload)'));

/** The fields that the command line sets, as they were typed: the schema judges them. */
export function scaleOverrides(words: readonly string[], flags: ScaleFlags): readonly SpecOverride[] {
  const asks = flags.approval === true ? '--approval' : flags.approvals !== undefined ? '--approvals' : '--approver';
  const asked = flags.approval === true || flags.approvals !== undefined || flags.approver !== undefined;
  const approval = ['gates', 'afterBatch', 'approval'];
  return [
    ...setTarget(words, flags),
    ...setField('--to', 'scale.to', quantityOf(flags.to)),
    ...setField('--allow-zero', 'scale.allowZero', flags.allowZero),
    ...setField('--hpa', 'scale.hpa', flags.hpa && flags.hpa.charAt(0).toUpperCase() + flags.hpa.slice(1)),
    ...setField(
      '--batches',
      'strategy.batches',
      flags.batches?.map((share) => quantityOf(share)),
    ),
    ...setField('--count', 'strategy.batches', flags.count === undefined ? undefined : { count: flags.count }),
    ...setField('--select-pod', 'strategy.select.names', flags.selectPod),
    ...setField('--select-node', 'strategy.select.nodes', pairsOf('--select-node', flags.selectNode)),
    ...setField('--select-label', 'strategy.select.labels', pairsOf('--select-label', flags.selectLabel)),
    ...setField('--first', 'strategy.order.first', flags.first),
    ...setField('--spread-by', 'strategy.order.spreadBy', flags.spreadBy),
    ...setField('--arrange', 'strategy.order.arrange', flags.arrange),
    ...setField('--ready-timeout', 'strategy.readyTimeout', flags.readyTimeout),
    ...setField('--bake', 'gates.afterBatch.bake', flags.bake),
    ...setField('--quiet-period', 'traffic.quiet', flags.quietPeriod),
    ...setField('--max-drain', 'traffic.maxDrain', flags.maxDrain),
    ...setField('--service', 'traffic.through', throughOf(flags)),
    ...setField('--on-failure', 'onFailure', flags.onFailure),
    ...(asked ? [{ from: asks, path: approval, value: {}, unlessMapping: true as const }] : []),
    ...setField('--approvals', 'gates.afterBatch.approval.required', flags.approvals),
    ...setField('--approver', 'gates.afterBatch.approval.from', flags.approver),
    ...(flags.approval === false ? [{ from: '--no-approval', path: approval, value: false }] : []),
  ];
}
