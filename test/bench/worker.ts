import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../../local/process/wait.ts';
import type { Requests } from './measure/requests.ts';
import type { Stack } from './stack.ts';

/** A Sluice worker as a process of its own, as people run it. */
export interface BenchWorker {
  readonly pid: number;
  /** What it has sent to the API server so far. */
  requests(): Promise<Requests>;
  stop(): Promise<void>;
}

const cli = fileURLToPath(new URL('../../client/cli/main.js', import.meta.url));
const counting = new URL('measure/countInWorker.js', import.meta.url).href;

/** A busy machine needs its time to load the libraries. */
const startMs = 120_000;

/** @param profile directory for CPU profiles, written when it stops */
export async function startBenchWorker(
  { env, sluice }: Stack,
  cluster: string,
  profile: string | undefined,
): Promise<BenchWorker> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const args = [...profiling, '--import', counting, cli, 'worker', '--cluster', cluster, '--log-level', 'warn'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const polls = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`The worker ended with ${child.exitCode}.`);
      return sluice.requireWorkers(cluster).then(
        () => true,
        () => undefined,
      );
    },
    { timeoutMs: startMs },
  );
  if (polls === undefined) {
    child.kill('SIGKILL');
    throw new Error(`The worker did not poll Temporal within ${startMs / 1000} s.`);
  }
  return {
    pid: child.pid ?? 0,
    requests: async () => {
      const answer = once(child, 'message');
      child.send('counts');
      const [counts] = (await answer) as [Requests];
      return counts;
    },
    stop: async () => {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}
