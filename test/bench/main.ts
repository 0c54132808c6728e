/** `npm run bench`: Sluice beside a Deployment's own rolling update and a bare sliding window, in one run; with --modes each mode beside the native way. */
import { writeFileSync } from 'node:fs';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Apps, openApps } from './apps.ts';
import type { Contender } from './contenders/contender.ts';
import { chooseContenders } from './contenders/index.ts';
import { type GateResults, measureGates } from './gates.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import { gateLines, machine, table } from './report.ts';
import { measuredRun, type Run } from './run.ts';
import { openBenchStack, type Stack } from './stack.ts';
import { type BenchWorker, startBenchWorker } from './worker.ts';

interface Bench {
  readonly options: BenchOptions;
  readonly stack: Stack;
  readonly worker: BenchWorker;
  readonly apps: Apps;
  readonly cluster: string;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') return console.log(usage);
  const contenders = chooseContenders(options);
  await withBench(options, async (bench) => {
    const runs = await rounds(bench, contenders);
    const gates = options.approvals > 0 ? await gatesOf(bench) : undefined;
    console.log(`\n${machine()}\n\n${table(runs, contenders, options)}`);
    if (gates) console.log(gateLines(gates).join('\n'));
    save(options, runs, gates);
  });
}

/** After every run: a bench that is broken off has not been for nothing. */
function save(options: BenchOptions, runs: readonly Run[], gates?: GateResults): void {
  if (options.json === undefined) return;
  writeFileSync(options.json, JSON.stringify({ machine: machine(), options, runs, gates }, null, 2));
}

async function withBench(options: BenchOptions, use: (bench: Bench) => Promise<void>): Promise<void> {
  const cluster = `bench-${process.pid}`;
  const stack = await openBenchStack(options);
  try {
    const worker = await startBenchWorker(stack, cluster, options.profile);
    const apps = await openApps(stack, options);
    try {
      await Promise.race([use({ options, stack, worker, apps, cluster }), interruption()]);
    } finally {
      await worker.stop();
      await apps.close();
    }
  } finally {
    await stack.close();
  }
}

/** Fails at Ctrl-C, so that worker and stack go before the bench does. */
const interruption = (): Promise<never> =>
  new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => reject(new Error(`Broken off by ${signal}.`)));
    }
  });

/** All contenders in turn, then again: whatever slows the machine for a while slows all of them. */
async function rounds({ options, apps, ...with_ }: Bench, contenders: readonly Contender[]): Promise<readonly Run[]> {
  const runs: Run[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const maxUnavailable of options.unavailable) {
      for (const contender of contenders) {
        const app = await apps.take(contender, contender.strategy?.(maxUnavailable));
        const run = await measuredRun(contender, { ...with_, app, maxUnavailable }, round, options);
        await apps.give(app);
        runs.push(run);
        save(options, runs);
        const at = `round ${round}, ${maxUnavailable} at once`;
        console.log(`${at}: ${contender.name} ${run.seconds.toFixed(1)} s (load ${run.machineLoad.toFixed(1)})`);
      }
    }
  }
  return runs;
}

async function gatesOf({ options, apps, ...with_ }: Bench): Promise<GateResults> {
  const app = await apps.take({ name: 'sluice-drain' });
  const results = await measureGates({ ...with_, app, maxUnavailable: options.unavailable[0] ?? 1 }, options);
  await apps.give(app);
  return results;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SluiceError ? `${error.message} ${error.next}` : error);
  process.exit(1);
}
