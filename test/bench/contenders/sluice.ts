import { historyEvents } from '../measure/history.ts';
import { difference } from '../measure/requests.ts';
import { cpuSeconds, forgetPeak, peakMiB } from '../measure/usage.ts';
import { type Place, type RunEnd, targetOf } from './contender.ts';

/** From what starts a release (or a scale) to its end, planning, hold, commit and all. */
export async function measured(
  place: Place,
  start: () => Promise<{ readonly id: string; readonly run: string }>,
): Promise<RunEnd> {
  const { stack, worker } = place;
  await forgetPeak(worker.pid);
  const before = {
    requests: await worker.requests(),
    worker: await cpuSeconds(worker.pid),
    temporal: await cpuSeconds(stack.temporalPid),
  };
  const started = performance.now();
  const { id, run } = await start();
  const { phase, text } = await stack.sluice.result(targetOf(place));
  const ms = performance.now() - started;
  if (phase !== 'succeeded') throw new Error(`The release ended as ${phase}: ${text}`);
  const workerCpu = (await cpuSeconds(worker.pid)) - before.worker;
  const temporalCpu = (await cpuSeconds(stack.temporalPid)) - before.temporal;
  const extras = async () => ({
    requests: difference(await worker.requests(), before.requests),
    events: await historyEvents(stack.temporal, id, run),
    workerCpu,
    temporalCpu,
    workerPeakMiB: await peakMiB(worker.pid),
  });
  return { ms, extras };
}
