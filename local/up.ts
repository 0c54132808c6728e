import { join } from 'node:path';
import { SluiceError } from '../workflows/contract/errors.ts';
import type { BinaryName } from './binaries/catalog.ts';
import { resolveBinaries } from './binaries/resolve.ts';
import { makeContext, portOf } from './context.ts';
import { ensurePart } from './ensure-part.ts';
import { inspect } from './inspect.ts';
import { apiServerPart, type ControlPlane, controllerManagerPart, schedulerPart } from './kubernetes/control-plane.ts';
import { etcdPart } from './kubernetes/etcd.ts';
import { writeKubeconfig } from './kubernetes/kubeconfig.ts';
import { makeDirectories, pathsOf, stateDirectory } from './paths.ts';
import { openAuthority } from './pki/authority.ts';
import { choosePorts } from './ports.ts';
import { withLock } from './process/lock.ts';
import { livingPid, readRecords } from './process/record.ts';
import { together } from './process/together.ts';
import { loadRuntime } from './runtimes.ts';
import { readState, type StackState, writeState } from './state.ts';
import { ensureSearchAttributes } from './temporal/ensure-search-attributes.ts';
import { temporalPart } from './temporal/part.ts';
import {
  basePorts,
  type ReportProgress,
  type Runtime,
  type RuntimeContext,
  type StackPaths,
  type StackReport,
  type UpOptions,
} from './types.ts';

/** Programs that every stack needs, whatever runs its pods. */
const baseBinaries: readonly BinaryName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'temporal',
];

/** The well-known numbers are tried first, so that other tools' defaults work too. */
const preferredPorts: Readonly<Record<string, number>> = {
  ...Object.fromEntries(basePorts.map((name) => [name, 0])),
  temporal: 7233,
  temporalUi: 8233,
};

/** Stop order: parts with higher numbers stop first, equal ones together. */
const order = { stores: 0, apiServer: 10, controllers: 20, runtime: 30 } as const;

/**
 * Brings the local stack up, or what is missing of it. Can be repeated and interrupted at any moment; what runs already is kept.
 * @throws LOCAL_BINARY_UNAVAILABLE, LOCAL_CHECKSUM, LOCAL_PORT_TAKEN, LOCAL_PART_DIED, LOCAL_UNSUPPORTED; the reason of `options.signal`
 */
export async function up(options: UpOptions = {}, report: ReportProgress = () => undefined): Promise<StackReport> {
  const paths = pathsOf(stateDirectory(options.stateDir));
  const before = await readState(paths);
  const runtime = await loadRuntime(chooseRuntime(options, before));
  await runtime.check?.();
  await makeDirectories(paths);
  const binaries = await resolveBinaries([...baseBinaries, ...runtime.binaries], {
    report,
    ...(options.signal && { signal: options.signal }),
  });
  await withLock(
    join(paths.root, 'lock'),
    async () => {
      await bringUp(options, runtime, paths, binaries, report);
    },
    {
      signal: options.signal,
      onWait: (holder) => report({ kind: 'note', text: `process ${holder} is working on this stack; waiting for it` }),
    },
  );
  return inspect({ stateDir: paths.root });
}

function chooseRuntime({ runtime }: UpOptions, before: StackState | undefined): StackState['runtime'] {
  if (runtime !== undefined && before !== undefined && runtime !== before.runtime) {
    throw new SluiceError(
      'LOCAL_UNSUPPORTED',
      `This stack runs on ${before.runtime}; it cannot change to ${runtime}.`,
      { next: 'Run `sluice down --wipe` first, or give the other stack a directory of its own with SLUICE_STATE_DIR.' },
    );
  }
  return runtime ?? before?.runtime ?? 'kwok';
}

function chooseNodes({ nodes }: UpOptions, runtime: Runtime, before: StackState | undefined): number {
  const { fallback, most } = runtime.nodes ?? { fallback: 3, most: Number.POSITIVE_INFINITY };
  if (nodes !== undefined && nodes > most) {
    throw new SluiceError('LOCAL_UNSUPPORTED', `The ${runtime.name} runtime has at most ${most} node, not ${nodes}.`, {
      next: 'Leave --nodes out, or use the kwok runtime for more.',
    });
  }
  return nodes ?? before?.nodes ?? fallback;
}

async function bringUp(
  options: UpOptions,
  runtime: Runtime,
  paths: StackPaths,
  binaries: RuntimeContext['binaries'],
  report: ReportProgress,
): Promise<void> {
  const before = await readState(paths);
  const state: StackState = {
    version: 1,
    runtime: runtime.name,
    nodes: chooseNodes(options, runtime, before),
    ports: await choosePorts({
      wanted: { ...preferredPorts, ...runtime.ports },
      ...(options.ports && { asked: options.ports }),
      ...(before && { remembered: before.ports }),
      own: await ownPorts(paths),
    }),
  };
  await writeState(paths, state);
  const [cluster, etcd] = await Promise.all([openAuthority(paths.pki, 'ca'), openAuthority(paths.pki, 'etcd-ca')]);
  const admin = await cluster.credential('admin', {
    subject: { commonName: 'sluice:admin', organizations: ['system:masters'] },
    usage: 'client',
  });
  const context = makeContext(
    {
      paths,
      ports: state.ports,
      binaries,
      nodes: state.nodes,
      report,
      ...(options.signal && { signal: options.signal }),
    },
    cluster,
    admin,
  );
  await writeKubeconfig(paths.kubeconfig, portOf(context, 'kubernetes'), 'sluice:admin', admin);
  await runtime.prepare?.(context);
  await together([startTemporal(context), startKubernetes({ context, cluster, etcd, admin }, runtime)]);
}

async function startTemporal(context: RuntimeContext): Promise<void> {
  await ensurePart(temporalPart(context), order.stores, context);
  await ensureSearchAttributes(context);
}

async function startKubernetes(plane: ControlPlane, runtime: Runtime): Promise<void> {
  const { context } = plane;
  const start = (part: Parameters<typeof ensurePart>[0], at: number) => ensurePart(part, at, context);
  await start(await etcdPart(context, plane.etcd), order.stores);
  await start(await apiServerPart(plane, runtime.apiServerFlags?.(context)), order.apiServer);
  await together([
    controllerManagerPart(plane).then((part) => start(part, order.controllers)),
    schedulerPart(plane).then((part) => start(part, order.controllers)),
    startRuntime(context, runtime),
  ]);
}

async function startRuntime(context: RuntimeContext, runtime: Runtime): Promise<void> {
  for (const [index, part] of (await runtime.parts(context)).entries()) {
    await ensurePart(part, order.runtime + index, context);
  }
  await runtime.settle?.(context);
}

/** Ports on which the stack's own living parts listen: in use, and still ours. */
async function ownPorts(paths: StackPaths): Promise<Set<number>> {
  const records = await readRecords(paths.run);
  const living = await Promise.all(
    records.map(async (record) => ((await livingPid(record)) === undefined ? [] : (record.part.ports ?? []))),
  );
  return new Set(living.flat());
}
