import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { connect as connectCluster } from '../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../activities/kubernetes/kubeConfig.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { createSluice, type Sluice } from '../../client/sdk/client.ts';
import { connect } from '../../client/sdk/connect.ts';
import { temporalSettings } from '../../client/sdk/settings.ts';
import { down } from '../../local/down.ts';
import { environment, inspect } from '../../local/inspect.ts';
import type { KubernetesCall } from '../../local/kubernetes/client.ts';
import { openStack } from '../../local/open-stack.ts';
import { up } from '../../local/up.ts';
import type { BenchOptions } from './options.ts';

/** The stack that everything is measured on, and the ways into it. */
export interface Stack {
  readonly kube: Connection;
  readonly call: KubernetesCall;
  readonly temporal: Client;
  readonly sluice: Sluice;
  readonly env: Readonly<Record<string, string>>;
  /** First part of the names of the sample's images. */
  readonly registry: string;
  readonly temporalPid: number;
  /** All processes of the stack. */
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** Brings the stack up, or uses the one that is there. One that the bench made is wiped at the end. */
export async function openBenchStack({ runtime, nodes, stateDir: given }: BenchOptions): Promise<Stack> {
  const stateDir = given ?? (await mkdtemp(join(tmpdir(), 'sluice-bench-')));
  await up({ stateDir, runtime, nodes });
  const env = { ...(await environment({ stateDir })) };
  const { parts } = await inspect({ stateDir });
  const connection = await connect(await temporalSettings({ env }), 10_000);
  const kube = connectCluster(loadKubeConfig({ kubeconfig: env.KUBECONFIG }));
  return {
    kube,
    env,
    call: await openStack({ stateDir }),
    temporal: new Client({ connection, namespace: env.TEMPORAL_NAMESPACE }),
    sluice: createSluice(connection, { namespace: env.TEMPORAL_NAMESPACE }),
    registry: env.SLUICE_REGISTRY ?? 'registry.local',
    temporalPid: parts.find(({ name }) => name === 'temporal')?.pid ?? 0,
    pids: parts.flatMap(({ pid }) => pid ?? []),
    close: async () => {
      await connection.close();
      await kube.close();
      if (given === undefined) await down({ stateDir, wipe: true });
    },
  };
}
