/**
 * Global set-up besides a stack: the CloneSets of OpenKruise in it, by its own manager as a process outside of the cluster. The
 * stack is that of all tests, so nothing else of OpenKruise is in it: see install-kruise.sh.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { parseAllDocuments } from 'yaml';
import { connect } from '../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../activities/kubernetes/kubeConfig.ts';
import { admissionWebhooks, namespaces } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import { freePort } from '../registries/freePort.ts';
import { definitions, unlessThere, untilServed } from './crds.ts';
import { until } from './world.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether CloneSets can be had: install-kruise.sh has built the manager. */
    kruise: boolean;
  }
}

const served = 'clonesets.apps.kruise.io';
const webhooksOfCloneSets: ReadonlySet<string> = new Set(['mcloneset.kb.io', 'vcloneset.kb.io']);
const home = 'kruise-system';
const install = fileURLToPath(new URL('install-kruise.sh', import.meta.url));

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const program = execFileSync('bash', [install, '--where'], { encoding: 'utf8' }).trim();
  const isThere = existsSync(program);
  project.provide('kruise', isThere);
  if (!isThere) return () => Promise.resolve();
  const { stack, kubelet } = project.getProvidedContext();
  const { KUBECONFIG } = (stack ?? kubelet).environment;
  const kube = connect(loadKubeConfig({ kubeconfig: KUBECONFIG }));
  const certificates = await mkdtemp(join(tmpdir(), 'sluice-kruise-'));
  await installConfig(kube, join(dirname(program), 'config'));
  const stop = await start(program, { KUBECONFIG, WEBHOOK_CERT_DIR: certificates });
  return async () => {
    await stop();
    await kube.close();
    await rm(certificates, { recursive: true, force: true });
  };
}

/** Its real CRD of CloneSets, and its webhooks for those. */
async function installConfig(kube: Connection, config: string): Promise<void> {
  const [definition] = await documents<object>(join(config, 'crd', 'bases', 'apps.kruise.io_clonesets.yaml'));
  await kube.create(definitions, definition ?? {}, {}).catch(unlessThere);
  await untilServed(kube, served);
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } };
  await kube.create(namespaces, body, {}).catch(unlessThere);
  for (const found of await documents<Webhooks>(join(config, 'webhook', 'manifests.yaml'))) {
    const resource = admissionWebhooks.find(({ name }) => name === `${found.kind.toLowerCase()}s`);
    const metadata = { name: `kruise-${found.metadata.name}` };
    const webhooks = found.webhooks.filter(({ name }) => webhooksOfCloneSets.has(name));
    if (resource) await kube.remove(resource, metadata);
    if (resource) await kube.create(resource, { ...found, metadata, webhooks }, {});
  }
}

interface Webhooks {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly webhooks: readonly { readonly name: string }[];
}

const documents = async <T>(file: string): Promise<readonly T[]> =>
  parseAllDocuments(await readFile(file, 'utf8')).flatMap((one) => (one.toJS() as T | null) ?? []);

/** Starts the manager, its webhooks at a URL of loopback. Ready means that those answer; its controllers begin seconds later. */
async function start(program: string, variables: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
  const [health, webhooks] = [await freePort(), await freePort()];
  const flags = ['--enable-leader-election=false', '--enable-pprof=false', '--metrics-addr=0', '--logtostderr=true'];
  const manager: ChildProcess = spawn(program, [...flags, '-v=1', `--health-probe-addr=127.0.0.1:${health}`], {
    env: {
      ...process.env,
      ...variables,
      WEBHOOK_HOST: '127.0.0.1',
      WEBHOOK_PORT: String(webhooks),
      POD_NAMESPACE: home,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  manager.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000);
  });
  const isOver = (): boolean => manager.exitCode !== null || manager.signalCode !== null;
  await until(async () => {
    if (isOver()) return true;
    return (await fetch(`http://127.0.0.1:${health}/readyz`)).ok;
  });
  if (isOver()) throw new Error(`Kruise's manager ended: ${said}`);
  return async () => {
    if (isOver()) return;
    const exited = once(manager, 'exit');
    manager.kill('SIGKILL');
    await exited;
  };
}
