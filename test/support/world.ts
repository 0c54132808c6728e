import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { connect as connectCluster } from '../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../activities/kubernetes/kubeConfig.ts';
import { pods, services } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { createSluice, type Sluice } from '../../client/sdk/client.ts';
import { connect } from '../../client/sdk/connect.ts';
import { temporalSettings } from '../../client/sdk/settings.ts';
import { apply, awaitAvailable, remove } from '../../local/apply.ts';
import { environment } from '../../local/inspect.ts';
import { openStack } from '../../local/open-stack.ts';
import type { SampleOptions } from '../../local/sample.ts';
import type { KindName } from '../../workflows/contract/kinds.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { ReleaseStatus } from '../../workflows/contract/status.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { worldKinds } from './worldKinds.ts';

/** One pod as a release must keep it, or change it. */
export interface PodFacts {
  readonly uid: string;
  readonly ip: string;
  readonly node: string;
  readonly image: string;
  readonly restarts: number;
  readonly ready: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly containers: Readonly<Record<string, ContainerFacts>>;
}

export interface ContainerFacts {
  readonly image: string;
  readonly restarts: number;
  /** When the one that runs was started, ISO 8601 in whole seconds. */
  readonly startedAt: string;
}

export interface World {
  readonly kube: Connection;
  readonly sluice: Sluice;
  /** The Temporal that `sluice` talks to. */
  readonly client: Client;
  readonly namespace: string;
  /** A cluster name of its own, so that no other worker takes the work of this test. */
  readonly cluster: string;
  readonly env: Readonly<Record<string, string>>;
  target(name: string): Target;
  /** Applies the sample, as that kind of workload, and waits until it is available. */
  deploy(options: SampleOptions): Promise<void>;
  spec(name: string, image: string, change?: Partial<ReleaseSpecInput>): ReleaseSpecInput;
  start(spec: ReleaseSpecInput): Promise<void>;
  until(name: string, wanted: (status: ReleaseStatus) => boolean, timeoutMs?: number): Promise<ReleaseStatus>;
  pods(name: string): Promise<ReadonlyMap<string, PodFacts>>;
  /** Every trace of ours in workload, history and Service; sluice.dev/fleet and sluice.dev/kwok-… are the sample's own. */
  traces(name: string): Promise<readonly string[]>;
  /** Starts a worker as a process of its own; `mortal` says where it dies, see mortal.mjs. */
  worker(mortal?: Mortal): Promise<WorkerProcess>;
  close(): Promise<void>;
}

export interface WorkerProcess {
  readonly pid: number;
  /** SIGKILL: nothing of it can clean up. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** What mortal.mjs does to a worker. */
export interface Mortal {
  /** File that gets a line for each point that is passed: a {@link PassedPoint}. */
  readonly points: string;
  /** Where releases stand still, by name of the workload. */
  readonly kills?: Readonly<Record<string, KillPoint>>;
}

export interface KillPoint {
  readonly point: string;
  readonly when: 'before' | 'after';
  /** Which passing of it, from 1. */
  readonly nth: number;
}

export interface PassedPoint extends KillPoint {
  readonly workload: string;
}

const cli = fileURLToPath(new URL('../../dist/client/cli/main.js', import.meta.url));

/**
 * A namespace of its own on the running stack in `stateDir`, with a client and a place for workers.
 * @param overrides variables that are other than those of the stack, such as another TEMPORAL_ADDRESS
 * @param kind what its workloads are
 */
export async function openWorld(
  stateDir: string,
  overrides: Partial<Readonly<Record<string, string>>> = {},
  kind: KindName = 'deployment',
): Promise<World> {
  const { manifests, resource, history } = worldKinds[kind];
  const suffix = randomBytes(3).toString('hex');
  const namespace = `test-${suffix}`;
  const cluster = `test-${suffix}`;
  const env = { ...(await environment({ stateDir })), ...overrides };
  const call = await openStack({ stateDir });
  const kube = connectCluster(loadKubeConfig({ kubeconfig: env.KUBECONFIG }));
  const temporal = await connect(await temporalSettings({ env }), 10_000);
  const sluice = createSluice(temporal, { namespace: env.TEMPORAL_NAMESPACE });
  const namespaceObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await apply(call, [namespaceObject]);
  const running: WorkerProcess[] = [];
  const target = (name: string): Target => ({ cluster, namespace, kind, name });
  const where = { namespace };

  return {
    kube,
    sluice,
    client: new Client({ connection: temporal, namespace: env.TEMPORAL_NAMESPACE }),
    namespace,
    cluster,
    env,
    target,
    deploy: async (options) => {
      const { workload, others } = manifests({ ...options, namespace });
      await apply(call, [...others, workload]);
      await awaitAvailable(call, workload);
    },
    spec: (name, image, change = {}) => ({
      metadata: { name, namespace },
      target: { cluster, workload: `${kind}/${name}` },
      change: { images: { app: image } },
      strategy: { gray: { pods: 1 }, batches: { count: 2 }, maxUnavailable: 3, readyTimeout: '5m' },
      gates: { afterGray: { bake: '0s', approval: false }, afterBatch: { bake: '0s' } },
      ...change,
    }),
    start: async (spec) => {
      await sluice.start(validateSpec(spec), { initiator: 'test' });
    },
    until: async (name, wanted, timeoutMs = 240_000) => {
      const end = Date.now() + timeoutMs;
      let last = 'never answered';
      while (Date.now() < end) {
        try {
          const status = await sluice.status(target(name));
          if (wanted(status)) return status;
          last = `${status.phase}: ${status.text}\n${status.log.map(({ text }) => text).join('\n')}`;
        } catch (error) {
          last = String(error);
        }
        await sleep(250);
      }
      throw new Error(`The release of ${name} was not as wanted in ${timeoutMs / 1000} s. Last: ${last}`);
    },
    pods: async (name) => {
      const { items } = await kube.list(pods, { ...where, labelSelector: `app=${name}` });
      const alive = items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
      return new Map(
        alive.map((pod) => {
          const facts: PodFacts = {
            uid: pod.metadata.uid ?? '',
            ip: pod.status?.podIP ?? '',
            node: pod.spec?.nodeName ?? '',
            image: pod.spec?.containers[0]?.image ?? '',
            restarts: pod.status?.containerStatuses?.[0]?.restartCount ?? 0,
            ready: pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false,
            labels: pod.metadata.labels ?? {},
            containers: Object.fromEntries(
              (pod.spec?.containers ?? []).map(({ name: container, image = '' }) => {
                const status = pod.status?.containerStatuses?.find((one) => one.name === container);
                const { restartCount: restarts = 0, state } = status ?? {};
                return [container, { image, restarts, startedAt: state?.running?.startedAt ?? '' }];
              }),
            ),
          };
          return [pod.metadata.name ?? '', facts];
        }),
      );
    },
    traces: async (name) => {
      const past = await kube.list(history, { ...where, labelSelector: `app=${name}` });
      const objects = [
        await kube.get(resource, { ...where, name }),
        await kube.get(services, { ...where, name }),
        ...past.items,
      ];
      return objects.flatMap((object) => {
        const { managedFields: _, ...metadata } = object.metadata;
        const text = JSON.stringify({ ...object, metadata });
        return [...text.matchAll(/"sluice\.dev\/(?!fleet"|kwok-)[^"]*"/g)].map(
          ([trace]) => `${object.metadata.name}: ${trace}`,
        );
      });
    },
    worker: async (mortal) => {
      const worker = await startWorkerProcess(cluster, env, mortal);
      running.push(worker);
      await until(async () => {
        await sluice.requireWorkers(cluster);
        return true;
      });
      return worker;
    },
    close: async () => {
      await Promise.all(running.map((worker) => worker.stop()));
      await remove(call, namespaceObject).catch(() => undefined);
      await temporal.close();
      await kube.close();
    },
  };
}

async function startWorkerProcess(
  cluster: string,
  env: Readonly<Record<string, string>>,
  mortal: Mortal | undefined,
): Promise<WorkerProcess> {
  if (!existsSync(cli))
    throw new Error('Run `npm run build` first: these tests run workers as processes of their own.');
  const preloads = mortal === undefined ? ['withParent.mjs'] : ['withParent.mjs', 'mortal.mjs'];
  const preload = preloads.flatMap((file) => ['--import', new URL(file, import.meta.url).href]);
  const child = spawn(process.execPath, [...preload, cli, 'worker', '--cluster', cluster, '--log-level', 'warn'], {
    env: { ...process.env, ...env, ...(mortal && { SLUICE_MORTAL: JSON.stringify(mortal) }) },
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`The worker ended with ${child.exitCode}:\n${said}`);
    return said.includes('polls Temporal');
  });
  return { pid: child.pid ?? 0, kill: () => finish(child, 'SIGKILL'), stop: () => finish(child, 'SIGTERM') };
}

async function finish(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Waits for a condition, three minutes at most: machines are busy. What it throws last is thrown. */
export async function until(condition: () => Promise<boolean>, timeoutMs = 180_000, everyMs = 200): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const last = await condition().catch((error: unknown) => error);
    if (last === true) return;
    if (Date.now() > deadline)
      throw last instanceof Error ? last : new Error(`not so in ${timeoutMs / 1000} s: ${condition.toString()}`);
    await sleep(everyMs);
  }
}
