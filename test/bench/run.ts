import { loadavg } from 'node:os';
import { startLoad } from '../support/load.ts';
import type { App } from './apps.ts';
import type { Contender, Extras, Place } from './contenders/contender.ts';
import { serverWrites } from './measure/serverWrites.ts';
import { cpuSeconds } from './measure/usage.ts';
import type { BenchOptions } from './options.ts';

/** One run of one contender. */
export interface Run extends Extras {
  readonly contender: string;
  readonly maxUnavailable: number;
  readonly round: number;
  readonly seconds: number;
  /** Pods that are the same ones as before (UID). */
  readonly kept: number;
  /** Writes by everybody: kubelets and controllers among them. */
  readonly serverWrites: number;
  /** CPU seconds of the stack, the worker and this process together: other than time, no business of other processes. */
  readonly cpu: number;
  readonly failedRequests?: number;
  readonly sentRequests?: number;
  /** One-minute load average of the machine when it began: what else was going on. */
  readonly machineLoad: number;
}

/** Runs `contender` once, under load if asked for, and measures. */
export async function measuredRun(
  contender: Contender,
  place: Place,
  round: number,
  { load: rate }: BenchOptions,
): Promise<Run> {
  const { stack, app, maxUnavailable } = place;
  const machineLoad = loadavg()[0] ?? 0;
  const before = await uids(app);
  const load =
    rate > 0
      ? await startLoad({ kube: stack.kube, namespace: app.namespace, service: app.name, rate, keepAlive: false })
      : undefined;
  const writesBefore = await serverWrites(stack.call);
  const pids = [...stack.pids, place.worker.pid, process.pid];
  const cpuBefore = await cpuOf(pids);
  // Callers that go on would hide why it failed: their watch ends with the stack.
  const { ms, extras } = await contender.run(place).catch(async (error: unknown) => {
    await load?.stop();
    throw error;
  });
  const cpu = (await cpuOf(pids)) - cpuBefore;
  const writes = (await serverWrites(stack.call)) - writesBefore;
  const result = await load?.stop();
  const after = await uids(app);
  return {
    contender: contender.name,
    maxUnavailable,
    round,
    seconds: ms / 1000,
    kept: [...before].filter((uid) => after.has(uid)).length,
    serverWrites: writes,
    cpu,
    machineLoad,
    ...(await extras?.()),
    ...(result && { failedRequests: result.failed.length, sentRequests: result.sent }),
  };
}

async function cpuOf(pids: readonly number[]): Promise<number> {
  const seconds = await Promise.all(pids.map((pid) => cpuSeconds(pid)));
  return seconds.reduce((sum, one) => sum + one, 0);
}

async function uids(app: App): Promise<ReadonlySet<string>> {
  return new Set((await app.pods()).map(({ metadata }) => metadata.uid));
}
