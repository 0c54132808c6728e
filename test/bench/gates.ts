import { setTimeout as sleep } from 'node:timers/promises';
import { pods as podResource } from '../../activities/kubernetes/resources.ts';
import { marks } from '../../workflows/contract/names.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { type Place, targetOf } from './contenders/contender.ts';
import { releaseSpec } from './contenders/release.ts';
import { cpuSeconds } from './measure/usage.ts';
import type { BenchOptions } from './options.ts';

export interface GateResults {
  /** Milliseconds from the approval (accepted by Temporal; sent by the client) to the first pod seen changed by a watch. */
  readonly accepted: readonly number[];
  readonly sent: readonly number[];
  /** While no release was there, and while one waited at a gate. */
  readonly idle?: Quiet;
  readonly waiting?: Quiet;
}

interface Quiet {
  readonly seconds: number;
  readonly workerCpuMs: number;
  /** To the API server. */
  readonly requests: number;
}

/** One release with a Service drain and a gate after each batch: what waiting costs, and how soon it goes on. */
export async function measureGates(place: Place, { approvals, idleSeconds }: BenchOptions): Promise<GateResults> {
  const { stack } = place;
  const target = targetOf(place);
  const spec = validateSpec({
    ...releaseSpec(place, true),
    strategy: {
      gray: { pods: 1 },
      batches: Array.from({ length: approvals }, () => 1),
      maxUnavailable: place.maxUnavailable,
    },
    gates: { afterGray: { approval: {} }, afterBatch: { approval: {} } },
  });
  const idle = idleSeconds > 0 ? await measureQuiet(place, idleSeconds) : undefined;
  const seen = await watchDrains(place);
  const { id, run } = await stack.sluice.start(spec, { initiator: 'bench' });
  const gateAfter = async (passed: string): Promise<string> => {
    for (;;) {
      const { waiting, phase, text } = await stack.sluice.status(target);
      if (phase === 'failed' || phase === 'rolledBack') throw new Error(text);
      if (waiting?.for === 'approval' && waiting.gate !== undefined && waiting.gate !== passed) return waiting.gate;
      await sleep(100);
    }
  };
  let waiting: Quiet | undefined;
  const sentAt: number[] = [];
  const drainedAt: number[] = [];
  let gate = await gateAfter('');
  for (let turn = 0; turn < approvals; turn += 1) {
    if (turn === 0 && idleSeconds > 0) waiting = await measureQuiet(place, idleSeconds);
    // The quiet before: nothing of the batch before is still on its way.
    await sleep(500);
    const drained = seen.next();
    sentAt.push(Date.now());
    await stack.sluice.send(target, 'approve', { gate, by: 'bench' });
    drainedAt.push(await drained);
    gate = await gateAfter(gate);
  }
  await stack.sluice.send(target, 'rollback', { by: 'bench', reason: 'all is measured' });
  await stack.sluice.result(target);
  seen.stop();
  const { events } = await stack.temporal.workflow.getHandle(id, run).fetchHistory();
  const acceptedAt = (events ?? [])
    .filter(({ workflowExecutionUpdateAcceptedEventAttributes }) => workflowExecutionUpdateAcceptedEventAttributes)
    .map(({ eventTime }) => Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6);
  const since = (from: readonly number[]) =>
    drainedAt.map((at, turn) => Math.round((at - (from[turn] ?? at)) * 10) / 10);
  return { accepted: since(acceptedAt), sent: since(sentAt), ...(idle && { idle }), ...(waiting && { waiting }) };
}

async function measureQuiet({ worker }: Place, seconds: number): Promise<Quiet> {
  // What the batch before has left to do (answers that are still read, garbage) is none of waiting.
  await sleep(5_000);
  const total = async () => Object.values(await worker.requests()).reduce((sum, count) => sum + count, 0);
  const requests = await total();
  const before = await cpuSeconds(worker.pid);
  await sleep(seconds * 1000);
  const workerCpuMs = Math.round(((await cpuSeconds(worker.pid)) - before) * 1000);
  return { seconds, workerCpuMs, requests: (await total()) - requests };
}

/** When the next pod is seen drained, in ms since 1970. */
async function watchDrains({ stack, app: { namespace, name } }: Place) {
  const over = new AbortController();
  const kube = stack.kube.with(over.signal);
  const where = { namespace, labelSelector: `app=${name}` };
  const { resourceVersion } = await kube.list(podResource, where);
  let tell: (at: number) => void = () => undefined;
  const follow = async (): Promise<void> => {
    for await (const event of kube.watch(podResource, where, resourceVersion)) {
      if (event.type === 'MODIFIED' && event.object.metadata.labels?.[marks.serving] === 'false') tell(Date.now());
    }
  };
  follow().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  return {
    next: () =>
      new Promise<number>((resolve) => {
        tell = resolve;
      }),
    stop: () => over.abort(),
  };
}
