import { parseArgs } from 'node:util';
import type { RuntimeName } from '../../local/types.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';

export interface BenchOptions {
  readonly runtime: RuntimeName;
  /** Who takes part: those that change images in place, or each mode beside the native way of doing the same. */
  readonly suite: 'inPlace' | 'modes';
  readonly pods: number;
  /** Values of maxUnavailable, each compared by itself. */
  readonly unavailable: readonly number[];
  readonly rounds: number;
  /** Names of contenders; empty: all that fit the runtime. */
  readonly only: readonly string[];
  readonly nodes: number;
  /** How long a release at a gate is watched for what it costs, in seconds; 0: not at all. */
  readonly idleSeconds: number;
  /** Gates that are approved to measure approval → first pod changed; 0: not at all. */
  readonly approvals: number;
  /** Requests a second against the Service while pods change; 0: none (kwok has nobody who could answer). */
  readonly load: number;
  /** A stack that is there (or is made) and is left running; undefined: one of the bench's own. */
  readonly stateDir?: string;
  /** Directory for CPU profiles of the worker, one for each of its threads. */
  readonly profile?: string;
  /** Where the results go as JSON. */
  readonly json?: string;
}

export const usage = `npm run bench -- [flags]

  --runtime kwok|containerd  what runs the pods (containerd: root, Linux)     default: kwok
  --modes                    each mode beside the native way of doing the same; no gates are measured
  --pods <n>                 pods of each application                         default: 1000; containerd: 12
  --unavailable <n,n>        maxUnavailable, each compared by itself          default: 250,10; containerd: 3
  --rounds <n>               interleaved rounds                               default: 3; containerd: 5
  --only <name,name>         contenders, such as floor,sluice                 default: all
  --nodes <n>                nodes of the kwok fleet                          default: 20
  --idle <seconds>           watch a release that waits at a gate             default: 30; 0: not
  --approvals <n>            gates to approve for the latency                 default: 10; 0: not
  --state-dir <path>         a stack to use and leave running                 default: one of its own
  --profile <directory>      write CPU profiles of the worker
  --json <file>              write all that was measured
  --help
`;

/** @throws SluiceError USAGE naming the flag */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parse(args);
  if (values.help === true) return 'help';
  const runtime = values.runtime ?? 'kwok';
  if (runtime !== 'kwok' && runtime !== 'containerd') throw wrong('runtime', runtime);
  const real = runtime === 'containerd';
  const number = (flag: keyof typeof values, fallback: number, least = 1): number => {
    const text = values[flag];
    if (typeof text !== 'string') return fallback;
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw wrong(flag, text);
    return value;
  };
  const unavailable = (values.unavailable ?? (real ? '3' : '250,10')).split(',').map(Number);
  if (!unavailable.every((value) => Number.isInteger(value) && value > 0)) {
    throw wrong('unavailable', values.unavailable ?? '');
  }
  return {
    runtime,
    suite: values.modes === true ? 'modes' : 'inPlace',
    pods: number('pods', real ? 12 : 1000),
    unavailable,
    rounds: number('rounds', real ? 5 : 3),
    only: values.only?.split(',') ?? [],
    nodes: real ? 1 : number('nodes', 20),
    idleSeconds: values.modes === true ? 0 : number('idle', 30, 0),
    approvals: values.modes === true ? 0 : number('approvals', 10, 0),
    load: real ? 195 : 0,
    ...(values['state-dir'] !== undefined && { stateDir: values['state-dir'] }),
    ...(values.profile !== undefined && { profile: values.profile }),
    ...(values.json !== undefined && { json: values.json }),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        runtime: text,
        pods: text,
        unavailable: text,
        rounds: text,
        only: text,
        nodes: text,
        idle: text,
        approvals: text,
        'state-dir': text,
        profile: text,
        json: text,
        modes: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new SluiceError('USAGE', error instanceof Error ? error.message : String(error), { next: usage });
  }
}

const wrong = (flag: string, found: string): SluiceError =>
  new SluiceError('USAGE', `--${flag} cannot be ${found === '' ? 'empty' : found}.`, { next: usage });
