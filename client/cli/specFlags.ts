import { type Command, Option } from 'commander';
import { parse } from 'yaml';
import { SluiceError } from '../../workflows/contract/errors.ts';
import type { SpecOverride } from '../sdk/spec/overrides.ts';
import { listFlag, numberFlag, repeatFlag, type TargetFlags } from './options.ts';
import { reloadFilesOf } from './reloadFiles.ts';
import { setField, setTarget } from './setField.ts';

/** The options that stand for fields of a release spec. */
export interface SpecFlags extends TargetFlags {
  readonly file?: string;
  readonly image?: readonly string[];
  readonly patch?: string;
  readonly reloadVersion?: string;
  readonly reloadCommand?: string;
  readonly reloadSignal?: string;
  readonly reloadContainer?: readonly string[];
  readonly reloadFiles?: readonly string[];
  readonly swapContainers?: readonly string[];
  readonly swapImage?: string;
  readonly swapEmptyImage?: string;
  readonly swapHolds?: string;
  readonly order?: readonly string[];
  readonly pin?: string;
  readonly prePull?: string;
  readonly mode?: string;
  readonly keepOld?: string;
  readonly name?: string;
  readonly gray?: string;
  readonly grayPod?: readonly string[];
  readonly grayNode?: readonly string[];
  readonly grayLabel?: readonly string[];
  readonly batches?: readonly string[];
  readonly batchCount?: number;
  readonly maxUnavailable?: string;
  readonly maxSurge?: string;
  readonly warmUp?: string;
  readonly warmUpWeights?: readonly string[];
  readonly spreadBy?: string;
  readonly arrange?: string;
  readonly first?: string;
  readonly readyTimeout?: string;
  /** `--approval` and `--no-approval`; undefined when neither is given. */
  readonly approval?: boolean;
  readonly yes?: boolean;
  readonly approvals?: number;
  readonly approver?: readonly string[];
  readonly bake?: string;
  readonly batchBake?: string;
  readonly batchApproval?: boolean;
  readonly service?: readonly string[];
  readonly readinessGate?: readonly string[];
  readonly quietPeriod?: string;
  readonly maxDrain?: string;
  readonly checkHttp?: string;
  readonly onFailure?: string;
  /** `--no-gates`. */
  readonly gates?: boolean;
}

const holdsPath = 'change.hotSwap.holds.command';
const specGroup = 'Spec (over what the file says):';

export const specOption = (flags: string, description: string): Option =>
  new Option(flags, description).helpGroup(specGroup);

/** All options of the spec. */
export const withSpec = (command: Command): Command =>
  withStrategy(command)
    .addOption(
      specOption('--image <container=image>', 'new image of a container; can be repeated').argParser(repeatFlag),
    )
    .addOption(
      specOption(
        '--patch <template>',
        'other parts of the pod template as YAML or JSON, such as \'{"spec": {"containers": [{"name": "app", "env": […]}]}}\'',
      ),
    )
    .addOption(specOption('--pin <what>', 'Digest or Tag (default: Digest)'))
    .addOption(
      specOption('--reload-version <name>', 'restart nothing: reload, and call what runs afterwards by this name'),
    )
    .addOption(
      specOption('--reload-command <command>', "by a command in each pod, such as 'nginx -s reload'").conflicts(
        'reloadSignal',
      ),
    )
    .addOption(specOption('--reload-signal <signal>', 'by a signal to process 1: HUP, USR1, USR2 or WINCH'))
    .addOption(
      specOption('--reload-container <name>', 'in this container; can be repeated (default: the only one)').argParser(
        listFlag,
      ),
    )
    .addOption(
      specOption(
        '--reload-files <path=local>',
        'put this file, or all below this directory, there first, such as /etc/nginx/conf.d=./conf.d; can be repeated',
      ).argParser(repeatFlag),
    )
    .addOption(
      specOption(
        '--swap-containers <pair>',
        'the two containers of a sidecar that hands its connections over, such as proxy-1,proxy-2',
      ).argParser(listFlag),
    )
    .addOption(specOption('--swap-image <image>', 'its new version, for whichever of the two is empty'))
    .addOption(specOption('--swap-empty-image <image>', 'what the other one gets then'))
    .addOption(
      specOption('--swap-holds <command>', "ends with 0 in the one that holds the connections, such as 'proxy holds'"),
    );

/** Those that say how, for a command that says what. */
export function withStrategy(command: Command): Command {
  return command
    .option('-f, --file <path>', 'release spec as YAML or JSON; - reads standard input')
    .addOption(
      specOption(
        '--order <containers>',
        'change these containers of a pod one after another, such as proxy,app',
      ).argParser(listFlag),
    )
    .addOption(specOption('--gray <pods>', 'size of the gray group: a count or a percentage (default: 1)'))
    .addOption(
      specOption('--gray-node <label=value>', 'gray pods from nodes with this label, such as zone=a').argParser(
        repeatFlag,
      ),
    )
    .addOption(specOption('--gray-label <label=value>', 'gray pods with this label').argParser(repeatFlag))
    .addOption(specOption('--gray-pod <name>', 'exactly this gray pod; can be repeated').argParser(listFlag))
    .addOption(specOption('--batches <shares>', 'shares of the rest, such as 20%,30%,50% or 2,4,4').argParser(listFlag))
    .addOption(
      specOption('--batch-count <number>', 'so many batches of even size (default: 3)')
        .argParser(numberFlag(1))
        .conflicts('batches'),
    )
    .addOption(specOption('--max-unavailable <pods>', 'how many may be out of service at once (default: 25%)'))
    .addOption(
      specOption(
        '--max-surge <pods>',
        'where pods are made anew, how many new ones stand beside the old (default: none)',
      ),
    )
    .addOption(specOption('--warm-up <duration>', 'so long a pod that is back keeps its place (default: not at all)'))
    .addOption(
      specOption(
        '--warm-up-weights <shares>',
        'of its own weight in its registry meanwhile, such as 10%,50%; with --warm-up',
      ).argParser(listFlag),
    )
    .addOption(specOption('--spread-by <label>', 'node label over which each batch is spread (default: the zone)'))
    .addOption(
      specOption('--arrange <how>', 'Spread or Pack: in turn from each zone, or zone after zone (default: Spread)'),
    )
    .addOption(specOption('--first <pods>', 'Newest, Oldest, HighestOrdinal or LowestOrdinal go first'))
    .addOption(specOption('--bake <duration>', 'how long the gray group runs before its gate can open'))
    .addOption(specOption('--approval', 'wait for an approval after the gray group, whatever the file says (default)'))
    .addOption(specOption('--no-approval', 'do not wait for approvals'))
    .addOption(specOption('-y, --yes', 'the same as --no-approval'))
    .addOption(specOption('--no-gates', 'wait at no gate: no bake time, no approval, no check of the whole workload'))
    .addOption(
      specOption('--approvals <number>', 'how many different people must approve')
        .argParser(numberFlag(1))
        .conflicts('yes'),
    )
    .addOption(
      specOption('--approver <name>', 'who may approve; can be repeated (default: anybody)')
        .argParser(listFlag)
        .conflicts('yes'),
    )
    .addOption(specOption('--batch-approval', 'wait for an approval after each batch too').conflicts('yes'))
    .addOption(specOption('--batch-bake <duration>', 'how long each batch runs before the next one begins'))
    .addOption(
      specOption('--service <name>', 'take each pod out of this Service first; can be repeated').argParser(listFlag),
    )
    .addOption(specOption('--readiness-gate <type>', 'take each pod out by this readiness gate').argParser(listFlag))
    .addOption(specOption('--quiet-period <duration>', 'so long without a connection counts as silence (default: 5s)'))
    .addOption(specOption('--max-drain <duration>', 'how long to wait for silence at most (default: 60s)'))
    .addOption(specOption('--check-http <path>', 'GET this path of each new pod before it gets traffic'))
    .addOption(specOption('--ready-timeout <duration>', 'how long one pod may take to become ready (default: 5m)'))
    .addOption(specOption('--on-failure <what>', 'Rollback or Hold (default: Rollback)'))
    .addOption(
      specOption(
        '--mode <mode>',
        'InPlaceIfPossible, InPlaceOnly, Recreate, BlueGreen, Canary, HotReload or HotSwap (default: InPlaceIfPossible)',
      ),
    )
    .addOption(
      specOption('--keep-old <duration>', 'with mode BlueGreen: so long the old version stays ready (default: 10m)'),
    )
    .addOption(
      specOption('--pre-pull <when>', 'Auto, Require or Off: pull the images on the nodes first (default: Auto)'),
    )
    .addOption(specOption('--name <app>', 'name of the application (default: that of the workload)'));
}

/**
 * The fields that the command line sets. Values are passed on as they were typed: the schema judges them.
 * @param words the workload, as it was named
 * @throws USAGE where a flag cannot be read at all, or contradicts another one
 */
export function overridesOf(words: readonly string[], flags: SpecFlags): readonly SpecOverride[] {
  if (flags.approval === true && flags.yes === true) {
    throw new SluiceError('USAGE', '--approval and --yes say the opposite of each other.');
  }
  return [
    ...setTarget(words, flags),
    ...imagesOf(flags.image ?? []),
    ...setField('--patch', 'change.template', patchOf(flags.patch)),
    ...setField('--reload-version', 'change.reload.version', flags.reloadVersion),
    ...setField(
      '--reload-command',
      'change.reload.command',
      wordsOf('--reload-command', 'change.reload.command', flags.reloadCommand),
    ),
    ...setField('--reload-signal', 'change.reload.signal', flags.reloadSignal),
    ...setField('--reload-container', 'change.reload.containers', flags.reloadContainer),
    ...setField('--reload-files', 'change.reload.files', reloadFilesOf(flags.reloadFiles)),
    ...setField('--swap-containers', 'change.hotSwap.containers', flags.swapContainers),
    ...setField('--swap-image', 'change.hotSwap.image', flags.swapImage),
    ...setField('--swap-empty-image', 'change.hotSwap.emptyImage', flags.swapEmptyImage),
    ...setField('--swap-holds', holdsPath, wordsOf('--swap-holds', holdsPath, flags.swapHolds)),
    ...setField('--order', 'change.order', flags.order),
    ...setField('--pin', 'change.pin', flags.pin),
    ...setField('--pre-pull', 'change.prePull', flags.prePull),
    ...setField('--mode', 'strategy.mode', flags.mode),
    ...setField('--keep-old', 'strategy.blueGreen.keepOld', flags.keepOld),
    ...setField('--gray', 'strategy.gray.pods', quantityOf(flags.gray)),
    ...setField('--gray-pod', 'strategy.gray.select.names', flags.grayPod),
    ...setField('--gray-node', 'strategy.gray.select.nodes', pairsOf('--gray-node', flags.grayNode)),
    ...setField('--gray-label', 'strategy.gray.select.labels', pairsOf('--gray-label', flags.grayLabel)),
    ...setField('--batches', 'strategy.batches', flags.batches?.map(quantityOf)),
    ...setField(
      '--batch-count',
      'strategy.batches',
      flags.batchCount === undefined ? undefined : { count: flags.batchCount },
    ),
    ...setField('--max-unavailable', 'strategy.maxUnavailable', quantityOf(flags.maxUnavailable)),
    ...setField('--max-surge', 'strategy.maxSurge', quantityOf(flags.maxSurge)),
    ...setField('--warm-up', 'strategy.warmUp', flags.warmUp),
    ...setField(
      '--warm-up-weights',
      'strategy.warmUp',
      flags.warmUpWeights && { ...(flags.warmUp !== undefined && { for: flags.warmUp }), weights: flags.warmUpWeights },
    ),
    ...setField('--spread-by', 'strategy.order.spreadBy', flags.spreadBy),
    ...setField('--arrange', 'strategy.order.arrange', flags.arrange),
    ...setField('--first', 'strategy.order.first', flags.first),
    ...setField('--ready-timeout', 'strategy.readyTimeout', flags.readyTimeout),
    ...setField('--bake', 'gates.afterGray.bake', flags.bake),
    ...setField('--batch-bake', 'gates.afterBatch.bake', flags.batchBake),
    ...setField('--quiet-period', 'traffic.quiet', flags.quietPeriod),
    ...setField('--max-drain', 'traffic.maxDrain', flags.maxDrain),
    ...setField('--service', 'traffic.through', throughOf(flags)),
    ...setField(
      '--check-http',
      'checks',
      flags.checkHttp === undefined ? undefined : [{ http: { path: flags.checkHttp } }],
    ),
    ...setField('--on-failure', 'onFailure', flags.onFailure),
    ...approvalOf('afterGray', grayApprovalFlag(flags)),
    ...setField('--approvals', 'gates.afterGray.approval.required', flags.approvals),
    ...setField('--approver', 'gates.afterGray.approval.from', flags.approver),
    ...(flags.approval === false || flags.yes === true ? noApprovals : []),
    ...approvalOf('afterBatch', flags.batchApproval === true ? '--batch-approval' : undefined),
  ];
}

/** Whether a flag says that somebody shall approve, whatever else does not wait. */
export const asksForApproval = (flags: SpecFlags): boolean =>
  grayApprovalFlag(flags) !== undefined || flags.batchApproval === true;

/** The flag that asks for an approval after the gray group. */
function grayApprovalFlag({ approval, approvals, approver }: SpecFlags): string | undefined {
  if (approval === true) return '--approval';
  if (approvals !== undefined) return '--approvals';
  return approver === undefined ? undefined : '--approver';
}

/** An approval also where the file says that there is none; what the file says of one stays. */
const approvalOf = (gate: string, from: string | undefined): readonly SpecOverride[] =>
  from === undefined ? [] : [{ from, path: ['gates', gate, 'approval'], value: {}, unlessMapping: true }];

/** Whatever a file says about approvals. */
const noApprovals: readonly SpecOverride[] = ['afterGray', 'afterBatch'].map((gate) => ({
  from: '--no-approval',
  path: ['gates', gate, 'approval'],
  value: false,
}));

function patchOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new SluiceError('USAGE', `--patch is neither YAML nor JSON: ${why}`, {
      next: 'Put it in single quotes, such as `--patch \'{"metadata": {"annotations": {"checksum": "1"}}}\'`.',
    });
  }
}

/** Words between spaces. What needs quotes needs a shell, or a file. */
function wordsOf(flag: string, path: string, command: string | undefined): readonly string[] | undefined {
  if (command !== undefined && /["'\\$`|&;<>]/.test(command)) {
    throw new SluiceError('USAGE', `${flag}: found ${command}; there is no shell that would read that.`, {
      next: `Write ${path} in a file, such as \`command: [sh, -c, "…"]\`.`,
    });
  }
  return command
    ?.trim()
    .split(/\s+/)
    .filter((word) => word !== '');
}

function imagesOf(flags: readonly string[]): SpecOverride[] {
  return flags.map((flag) => {
    const at = flag.indexOf('=');
    if (at <= 0 || at === flag.length - 1) {
      throw new SluiceError('USAGE', `--image: found "${flag}"; the container is missing.`, {
        next: `Write container=image, such as \`--image app=${flag.replace(/^=/, '') || 'registry.local/app:v2'}\`.`,
      });
    }
    return { from: '--image', path: ['change', 'images', flag.slice(0, at)], value: flag.slice(at + 1) };
  });
}

/** `3` is a count, `20%` stays as it was typed, nonsense too: the schema judges it. */
export function quantityOf(text: string): string | number;
export function quantityOf(text: string | undefined): string | number | undefined;
export function quantityOf(text: string | undefined): string | number | undefined {
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;
}

export function pairsOf(flag: string, pairs: readonly string[] | undefined): Record<string, string> | undefined {
  if (pairs === undefined) return undefined;
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at <= 0) throw new SluiceError('USAGE', `${flag}: found "${pair}"; write label=value.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

export function throughOf({
  service,
  readinessGate,
}: Pick<SpecFlags, 'service' | 'readinessGate'>): readonly object[] | undefined {
  if (service === undefined && readinessGate === undefined) return undefined;
  return [
    ...(service ?? []).map((name) => ({ service: name })),
    ...(readinessGate ?? []).map((type) => ({ readinessGate: type })),
  ];
}
