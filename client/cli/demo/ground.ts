import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { apply, awaitAvailable, remove } from '../../../local/apply.ts';
import { type CompanionOptions, startCompanion } from '../../../local/companion.ts';
import { openStack } from '../../../local/open-stack.ts';
import { sampleManifests } from '../../../local/sample.ts';
import type { ReportProgress, RuntimeName, StackEnvironment, StackReport } from '../../../local/types.ts';
import { up } from '../../../local/up.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { Target } from '../../../workflows/contract/names.ts';
import type { Sluice } from '../../sdk/client.ts';
import { localProgress } from '../localProgress.ts';
import type { Session } from '../session.ts';

const replicas = 12;

/** Brings the stack up, with its progress. */
export async function bringUp(
  session: Session,
  runtime: RuntimeName | undefined,
): Promise<{ stack: StackReport; environment: StackEnvironment }> {
  const progress = localProgress(session);
  const options = { signal: session.signal, ...(runtime !== undefined && { runtime }) };
  const stack = await up(options, progress.report).finally(progress.end);
  const { environment, stateDir } = stack;
  if (environment === undefined) throw new SluiceError('LOCAL_NOT_UP', `The stack in ${stateDir} did not come up.`);
  return { stack, environment };
}

/** The worker stays when the demo has ended: `sluice down` stops it with the stack. */
export async function startWorker(environment: StackEnvironment, options: CompanionOptions): Promise<void> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  if (!existsSync(main)) {
    throw new SluiceError('INTERNAL', 'The demo starts its worker from the built program, which is not there.', {
      next: 'Run `npm run build` first.',
    });
  }
  const { SLUICE_CLUSTER, KUBECONFIG, TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE } = environment;
  await startCompanion(
    'worker',
    (port) => ({
      name: 'worker',
      binary: process.execPath,
      args: [
        main,
        'worker',
        `--cluster=${SLUICE_CLUSTER}`,
        `--kubeconfig=${KUBECONFIG}`,
        `--temporal-address=${TEMPORAL_ADDRESS}`,
        `--temporal-namespace=${TEMPORAL_NAMESPACE}`,
        `--health=127.0.0.1:${port}`,
      ],
      ready: { kind: 'http', url: `http://127.0.0.1:${port}/readyz` },
      ports: [port],
      // It lets running activities finish, for 10 s.
      graceMs: 15_000,
      // A new build is a new worker.
      configFiles: [main, fileURLToPath(new URL('../../../workflow-bundle.js', import.meta.url))],
    }),
    options,
  );
}

/** Ready means that it polls; Temporal learns of it with the first poll. */
export async function awaitWorker(sluice: Sluice, cluster: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const present = await sluice.workers(cluster);
    if (present.workflows && present.cluster) return;
    await sleep(100);
  }
}

/** An earlier demo may have been left at its gate: that release would hold the workload for ever. */
export async function endOldRelease(sluice: Sluice, target: Target): Promise<void> {
  const { cluster, namespace } = target;
  const running = await sluice.list({ running: true, cluster, namespace });
  const old = running.find((release) => release.target.name === target.name);
  if (old === undefined) return;
  await sluice.send(target, 'rollback', { by: 'demo', reason: 'a new demo begins' });
  await sluice.result(target).catch(() => undefined);
}

/** The application as new, at `image`, in a namespace of its own. */
export async function deploySample(
  target: Target,
  runtime: RuntimeName,
  image: string,
  report: ReportProgress,
): Promise<void> {
  const { namespace, name } = target;
  const call = await openStack();
  const { service, deployment } = sampleManifests({ image, runtime, namespace, name, replicas });
  const began = performance.now();
  report({ kind: 'part', name: 'application', step: 'starting', detail: `${replicas} pods` });
  await remove(call, deployment);
  await apply(call, [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, service, deployment]);
  await awaitAvailable(call, deployment);
  report({
    kind: 'part',
    name: 'application',
    step: 'ready',
    detail: `${replicas} pods`,
    ms: Math.round(performance.now() - began),
  });
}
