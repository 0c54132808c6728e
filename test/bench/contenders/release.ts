import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
import { historyEvents } from '../measure/history.ts';
import { difference } from '../measure/requests.ts';
import { cpuSeconds, forgetPeak, peakMiB } from '../measure/usage.ts';
import { type Contender, type Place, targetOf } from './contender.ts';

/** The spec of a release of the bench: all pods in the gray group, as the others know no groups; no approval. */
export const releaseSpec = (place: Place, drains: boolean): ReleaseSpecInput => ({
  metadata: { name: place.app.name, namespace: place.app.namespace },
  target: { cluster: place.cluster, workload: `deployment/${place.app.name}` },
  // The others do not pull images before they begin.
  change: { images: { app: place.app.to }, prePull: 'Off' },
  strategy: { gray: { pods: '100%' }, maxUnavailable: place.maxUnavailable },
  gates: { afterGray: { approval: false } },
  // One look that sees nobody is silence; a kwok pod cannot be looked into.
  ...(drains && { traffic: { through: [{ service: place.app.name }], quiet: '0s' } }),
});

/** Sluice: from `sluice release` to its end, planning, gray, gates, commit and all. */
const release = (name: string, title: string, drains: boolean): Contender => ({
  name,
  title,
  async run(place) {
    const { stack, worker } = place;
    const spec = validateSpec(releaseSpec(place, drains));
    await forgetPeak(worker.pid);
    const before = {
      requests: await worker.requests(),
      worker: await cpuSeconds(worker.pid),
      temporal: await cpuSeconds(stack.temporalPid),
    };
    const started = performance.now();
    const { id, run } = await stack.sluice.start(spec, { initiator: 'bench' });
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
  },
});

export const releasePlain = release('sluice', 'Sluice', false);
export const releaseDraining = release('sluice-drain', 'Sluice, Service drain', true);
