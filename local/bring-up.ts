import { SluiceError } from '../workflows/contract/errors.ts';
import { makeContext, portOf } from './context.ts';
import { ensurePart } from './ensure-part.ts';
import { awaitDefaultServiceAccount } from './kubernetes/await-ready.ts';
import { apiServerPart, type ControlPlane, controllerManagerPart, schedulerPart } from './kubernetes/control-plane.ts';
import { etcdPart } from './kubernetes/etcd.ts';
import { writeKubeconfig } from './kubernetes/kubeconfig.ts';
import { ownPorts } from './own-ports.ts';
import { openAuthority } from './pki/authority.ts';
import { choosePorts, type PortRequest } from './ports.ts';
import { preferredPorts } from './preferred-ports.ts';
import { together } from './process/together.ts';
import { readState, type StackState, writeState } from './state.ts';
import { ensureSearchAttributes } from './temporal/ensure-search-attributes.ts';
import { temporalPart } from './temporal/part.ts';
import type { ReportProgress, Runtime, RuntimeContext, StackPaths, UpOptions } from './types.ts';

/** Stop order: parts with higher numbers stop first, equal ones together. */
const order = { stores: 0, apiServer: 10, controllers: 20, runtime: 30 } as const;

/**
 * Chooses ports, writes what the parts read, and starts those that do not run as wanted. For the holder of the stack's lock.
 * @throws LOCAL_PORT_TAKEN, LOCAL_PART_DIED, LOCAL_UNSUPPORTED; the reason of `options.signal`
 */
export async function bringUp(
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
    ports: await choosePorts({ ...portRequest(options, runtime, before), own: await ownPorts(paths) }),
    complete: before?.complete === true,
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
  await together(
    [
      (signal) => startTemporal({ ...context, signal }),
      (signal) => startKubernetes({ context: { ...context, signal }, cluster, etcd, admin }, runtime),
    ],
    context.signal,
  );
  await writeState(paths, { ...state, complete: true });
}

/** What ports this stack wants: the usual ones, those of its runtime, what was asked for and what it had before. */
export function portRequest(options: UpOptions, runtime: Runtime, before: StackState | undefined): PortRequest {
  return {
    wanted: { ...preferredPorts, ...runtime.ports },
    ...(options.ports && { asked: options.ports }),
    ...(before && { remembered: before.ports }),
  };
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

async function startTemporal(context: RuntimeContext): Promise<void> {
  await ensurePart(temporalPart(context), order.stores, context);
  await ensureSearchAttributes(context);
}

async function startKubernetes(plane: ControlPlane, runtime: Runtime): Promise<void> {
  const { context } = plane;
  await ensurePart(await etcdPart(context, plane.etcd), order.stores, context);
  await ensurePart(await apiServerPart(plane, runtime.apiServerFlags?.(context)), order.apiServer, context);
  const under = (signal: AbortSignal): RuntimeContext => ({ ...context, signal });
  await together(
    [
      async (signal) => {
        await ensurePart(await controllerManagerPart(plane), order.controllers, under(signal));
        await awaitDefaultServiceAccount(under(signal));
      },
      async (signal) => ensurePart(await schedulerPart(plane), order.controllers, under(signal)),
      (signal) => startRuntime(under(signal), runtime),
    ],
    context.signal,
  );
}

async function startRuntime(context: RuntimeContext, runtime: Runtime): Promise<void> {
  for (const [index, part] of (await runtime.parts(context)).entries()) {
    await ensurePart(part, order.runtime + index, context);
  }
  await runtime.settle?.(context);
}
