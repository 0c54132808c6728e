import { cpus, totalmem } from 'node:os';
import type { Contender } from './contenders/contender.ts';
import type { GateResults } from './gates.ts';
import type { BenchOptions } from './options.ts';
import type { Run } from './run.ts';

/** The results as a table for people, markdown. */
export function table(runs: readonly Run[], contenders: readonly Contender[], options: BenchOptions): string {
  return options.unavailable
    .map((maxUnavailable) => {
      const here = runs.filter((run) => run.maxUnavailable === maxUnavailable);
      return [
        `## ${options.pods} pods on ${options.runtime}, at most ${maxUnavailable} out of service`,
        '',
        row(columns.map(({ title }) => (options.suite === 'modes' ? title.replace('floor', 'native') : title))),
        row(columns.map(() => '---')),
        ...contenders.map((contender) => {
          const own = here.filter((run) => run.contender === contender.name);
          return row(columns.map(({ of }) => of({ contender, own, here, pods: options.pods })));
        }),
        '',
      ].join('\n');
    })
    .join('\n');
}

interface Row {
  readonly contender: Contender;
  readonly own: readonly Run[];
  /** All runs with the same maxUnavailable. */
  readonly here: readonly Run[];
  readonly pods: number;
}

const columns: readonly { readonly title: string; readonly of: (row: Row) => string }[] = [
  { title: 'contender', of: ({ contender }) => contender.title },
  { title: 'seconds: min, median, max', of: ({ own }) => spread(own.map(({ seconds }) => seconds)) },
  { title: '× floor', of: ratio(({ seconds }) => seconds) },
  { title: 'CPU s', of: ({ own }) => oneDigit(own.map(({ cpu }) => cpu)) },
  { title: '× floor', of: ratio(({ cpu }) => cpu) },
  { title: 'pods kept', of: ({ own }) => whole(own.map(({ kept }) => kept)) },
  { title: 'writes/pod', of: perPod(({ requests }) => requests?.writes) },
  { title: 'dry runs/pod', of: perPod(({ requests }) => requests?.dryRuns) },
  { title: 'reads/pod', of: perPod(({ requests }) => requests && requests.gets + requests.execs) },
  { title: 'lists', of: ({ own }) => whole(own.map(({ requests }) => requests?.lists)) },
  { title: 'writes/pod by everybody', of: perPod(({ serverWrites }) => serverWrites) },
  { title: 'events', of: ({ own }) => whole(own.map(({ events }) => events)) },
  { title: 'of it: worker', of: ({ own }) => oneDigit(own.map(({ workerCpu }) => workerCpu)) },
  { title: 'Temporal', of: ({ own }) => oneDigit(own.map(({ temporalCpu }) => temporalCpu)) },
  { title: 'worker peak MiB', of: ({ own }) => whole(own.map(({ workerPeakMiB }) => workerPeakMiB)) },
  { title: 'failed requests', of: ({ own }) => own.map(({ failedRequests }) => failedRequests ?? '').join(' ') },
];

/** Median of the rounds, each against the floor (or the native way) of the same round: what else the machine did then slowed both. */
function ratio(value: (run: Run) => number) {
  return ({ own, here, contender: { beside = 'floor' } }: Row): string => {
    const ratios = own.flatMap((run) => {
      const other = here.find(({ contender, round }) => contender === beside && round === run.round);
      return other ? value(run) / value(other) : [];
    });
    return ratios.length === 0 ? '' : median(ratios).toFixed(2);
  };
}

function perPod(value: (run: Run) => number | undefined) {
  return ({ own, pods }: Row): string => {
    const known = own.flatMap((run) => value(run) ?? []);
    return known.length === 0 ? '' : (median(known) / pods).toFixed(2);
  };
}

/** Approval latency and the cost of waiting, as lines for people. */
export function gateLines({ accepted, sent, idle, waiting }: GateResults): string[] {
  return [
    `approval accepted → first drain seen by a watch: ${spread(accepted, 0)} ms (min, median, max of ${accepted.length})`,
    `approval sent → first drain seen by a watch: ${spread(sent, 0)} ms`,
    ...(waiting
      ? [
          `waiting at a gate for ${waiting.seconds} s: ${waiting.workerCpuMs} ms CPU of the worker, ${waiting.requests} API requests (without any release: ${idle?.workerCpuMs} ms, ${idle?.requests})`,
        ]
      : []),
  ];
}

export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? '?'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const spread = (values: readonly number[], digits = 1): string =>
  values.length === 0
    ? ''
    : [Math.min(...values), median(values), Math.max(...values)].map((value) => value.toFixed(digits)).join(', ');

function oneDigit(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? '' : median(known).toFixed(1);
}

function whole(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? '' : String(Math.round(median(known)));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
