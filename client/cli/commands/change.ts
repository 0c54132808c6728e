import { type Command, Option } from 'commander';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { PlanChangeFields } from '../../../workflows/contract/planChange.ts';
import type { Host } from '../host.ts';
import { listFlag, numberFlag } from '../options.ts';
import { type SayFlags, say, withSaying } from '../say.ts';
import { quantityOf } from '../specFlags.ts';

interface ChangeFlags {
  readonly batches?: readonly string[];
  readonly batchCount?: number;
  readonly steps?: readonly string[];
  readonly maxUnavailable?: string;
  readonly failureThreshold?: string;
  readonly batchBake?: string;
  /** `--batch-approval` and `--no-batch-approval`; undefined when neither is given. */
  readonly batchApproval?: boolean;
  readonly approvals?: number;
  readonly approver?: readonly string[];
}

/** `sluice change deployment/checkout --batches 50%,50%`: other sizes and gates from here on. */
export function registerChange(program: Command, host: Host): void {
  withSaying(program.command('change'))
    .description('change sizes and gates of the batches, or the steps of a canary, that have not begun')
    .option('--batches <shares>', 'shares of the pods that are left, such as 20%,80% or 4,8', listFlag)
    .addOption(
      new Option('--batch-count <number>', 'so many batches of even size')
        .argParser(numberFlag(1))
        .conflicts('batches'),
    )
    .addOption(
      new Option('--steps <shares>', 'of a canary: the steps that come next, such as 20%,50%')
        .argParser(listFlag)
        .conflicts(['batches', 'batchCount']),
    )
    .option('--max-unavailable <pods>', 'how many may be out of service at once, from the next batch on')
    .option('--failure-threshold <pods>', 'how many pods of one batch may fail')
    .option('--batch-bake <duration>', 'how long each batch runs before the next one begins')
    .option('--batch-approval', 'wait for an approval after each batch')
    .option('--no-batch-approval', 'do not wait for one')
    .option('--approvals <number>', 'how many different people must approve after each batch', numberFlag(1))
    .option('--approver <name>', 'who may approve; can be repeated (default: anybody)', listFlag)
    .addHelpText(
      'after',
      [
        '',
        'Examples:',
        '  sluice change deployment/checkout -n shop --batches 50%,50% --max-unavailable 5',
        '  sluice change deployment/checkout -n shop --steps 20%,50%',
        '  sluice change deployment/checkout -n shop --batch-bake 10m --batch-approval',
      ].join('\n'),
    )
    .action((words: string[], flags: SayFlags & ChangeFlags) =>
      say(host, 'changePlan', words, flags, async (said, sluice, target) => ({
        ...said,
        // Never the next release's plan.
        run: (await sluice.status(target)).run,
        ...fieldsOf(flags),
      })),
    );
}

/**
 * What the flags say, in the words of a spec. Values are passed on as they were typed: the release judges them.
 * @throws USAGE where they say nothing, or contradict each other
 */
export function fieldsOf(flags: ChangeFlags): PlanChangeFields {
  const { batches, batchCount, steps, maxUnavailable, failureThreshold } = flags;
  const { batchBake: bake, approvals, approver } = flags;
  const asksApproval = flags.batchApproval === true || approvals !== undefined || approver !== undefined;
  if (flags.batchApproval === false && asksApproval) {
    throw new SluiceError('USAGE', '--no-batch-approval contradicts --approvals and --approver.');
  }
  const divided =
    batches?.map((share) => quantityOf(share)) ?? (batchCount === undefined ? undefined : { count: batchCount });
  const strategy = {
    ...(divided !== undefined && { batches: divided }),
    ...(steps && { canary: { steps: steps.map((share) => quantityOf(share)) } }),
    ...(maxUnavailable !== undefined && { maxUnavailable: quantityOf(maxUnavailable) }),
    ...(failureThreshold !== undefined && { failureThreshold: quantityOf(failureThreshold) }),
  };
  const approval = asksApproval
    ? { ...(approvals !== undefined && { required: approvals }), ...(approver && { from: approver }) }
    : flags.batchApproval === false
      ? (false as const)
      : undefined;
  const afterBatch = {
    ...(bake !== undefined && { bake }),
    ...(approval !== undefined && { approval }),
  };
  if (Object.keys(strategy).length + Object.keys(afterBatch).length === 0) {
    throw new SluiceError('USAGE', 'Nothing to change is named.', {
      next: 'Write for example `--batches 50%,50%` or `--max-unavailable 5`; `sluice change --help` lists what can be changed.',
    });
  }
  return {
    ...(Object.keys(strategy).length > 0 && { strategy }),
    ...(Object.keys(afterBatch).length > 0 && { gates: { afterBatch } }),
  };
}
