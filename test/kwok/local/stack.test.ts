import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { packagePath } from '../../../local/asset.ts';
import { doctor } from '../../../local/doctor.ts';
import { down } from '../../../local/down.ts';
import { inspect } from '../../../local/inspect.ts';
import { openStack } from '../../../local/open-stack.ts';
import { until } from '../../../local/process/wait.ts';
import type { Progress, StackReport } from '../../../local/types.ts';
import { up } from '../../../local/up.ts';
import { searchAttributes } from '../../../workflows/contract/names.ts';

let stateDir: string;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'sluice-stack-'));
});

afterAll(async () => {
  await down({ stateDir, wipe: true });
  await rm(stateDir, { recursive: true, force: true });
});

/** Brings the stack up and tells what happened to each part: `kube-apiserver kept`. */
async function upAndTell(options: Parameters<typeof up>[0] = {}): Promise<{ report: StackReport; steps: string[] }> {
  const steps: string[] = [];
  const tell = (progress: Progress) => {
    if (progress.kind === 'part') steps.push(`${progress.name} ${progress.step}`);
  };
  return { report: await up({ stateDir, ...options }, tell), steps };
}

const pidsOf = (report: StackReport) => Object.fromEntries(report.parts.map(({ name, pid }) => [name, pid]));

const partNames = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok', 'temporal'];

/** Processes that have this state directory in their command line: the parts, and nothing else of this stack. */
async function processesOf(directory: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.filter((_, index) => lines[index]?.includes(`${directory}/`));
}

async function deployment(name: string): Promise<number> {
  const call = await openStack({ stateDir });
  return (await call('GET', `/apis/apps/v1/namespaces/default/deployments/${name}`)).status;
}

// In this order: each test finds the stack as the one before left it.
describe('one stack, through its life', () => {
  test('up starts every part, ready to be used', async () => {
    const { report, steps } = await upAndTell();
    expect(report).toMatchObject({ state: 'up', runtime: 'kwok', nodes: 3, stateDir });
    expect(report.parts.map(({ name }) => name).toSorted()).toEqual(partNames);
    expect(report.parts.every(({ state }) => state === 'running')).toBe(true);
    expect(steps.filter((step) => step.endsWith(' ready'))).toHaveLength(partNames.length);

    const call = await openStack({ stateDir });
    expect(
      (
        await call('POST', '/api/v1/namespaces/default/pods', {
          metadata: { name: 'first' },
          spec: { containers: [{ name: 'a', image: 'a:v1' }] },
        })
      ).status,
    ).toBe(201);
    const nodes = (await call('GET', '/api/v1/nodes')).body as { items: unknown[] };
    expect(nodes.items).toHaveLength(3);
  });

  test('the kubeconfig is private, and the one of the user is left alone', async () => {
    const { environment } = await inspect({ stateDir });
    expect((await stat(environment?.KUBECONFIG ?? '')).mode & 0o777).toBe(0o600);
    expect(environment?.KUBECONFIG.startsWith(stateDir)).toBe(true);
    for (const file of ['pki/ca.key', 'pki/admin.key', 'pki/service-account.key']) {
      expect((await stat(join(stateDir, file))).mode & 0o777).toBe(0o600);
    }
  });

  test('nobody without a certificate gets in, not to the API server and not to etcd', async () => {
    const { parts } = await inspect({ stateDir });
    const curl = (url: string) => {
      try {
        return execFileSync(process.execPath, ['-e', anonymous, url], { encoding: 'utf8', env: {} });
      } catch {
        return 'refused';
      }
    };
    const address = (name: string) => parts.find((part) => part.name === name)?.address ?? '';
    expect(curl(`${address('kube-apiserver')}/api/v1/secrets`)).toBe('403');
    expect(curl(`${address('etcd')}/health`)).toBe('refused');
  });

  test('Temporal has its search attributes, and starts workflows', async () => {
    const { client, close } = await temporal();
    const description = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    expect(Object.keys(description.customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
    await client.workflow.start('nothing', { workflowId: 'waits', taskQueue: 'nobody' });
    await close();
  });

  test('a second up finds the first and starts nothing', async () => {
    const before = pidsOf(await inspect({ stateDir }));
    const { report, steps } = await upAndTell();
    expect(pidsOf(report)).toEqual(before);
    expect(steps.toSorted()).toEqual(partNames.map((name) => `${name} kept`));
  });

  test('the fleet grows and shrinks as asked, and keeps its size', async () => {
    const nodeNames = async () => {
      const { body } = await (await openStack({ stateDir }))('GET', '/api/v1/nodes');
      return (body as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
    };
    await up({ stateDir, nodes: 5 });
    expect(await nodeNames()).toEqual(['kwok-1', 'kwok-2', 'kwok-3', 'kwok-4', 'kwok-5']);
    await up({ stateDir, nodes: 2 });
    await up({ stateDir });
    expect(await nodeNames()).toEqual(['kwok-1', 'kwok-2']);
  });

  test('a part that is killed is named, by inspect and by doctor, and up starts that one only', async () => {
    const before = pidsOf(await inspect({ stateDir }));
    process.kill(before['kube-scheduler'] ?? 0, 'SIGKILL');
    const degraded = await until(
      async () => {
        const now = await inspect({ stateDir });
        return now.state === 'degraded' ? now : undefined;
      },
      { timeoutMs: 10_000 },
    );
    expect(degraded?.parts.filter(({ state }) => state !== 'running')).toMatchObject([
      { name: 'kube-scheduler', state: 'dead' },
    ]);
    const { ok, findings } = await doctor({ stateDir });
    expect(ok).toBe(false);
    expect(findings.filter(({ group, state }) => group === 'stack' && state === 'problem')).toMatchObject([
      { name: 'kube-scheduler', next: expect.stringContaining('sluice up') },
    ]);
    const { report, steps } = await upAndTell();
    expect(steps.filter((step) => !step.endsWith('kept'))).toEqual([
      'kube-scheduler restarting',
      'kube-scheduler ready',
    ]);
    expect(report.state).toBe('up');
    const { 'kube-scheduler': _old, ...others } = before;
    expect(pidsOf(report)).toMatchObject(others);
  });

  test('what was there is there again after down and up', async () => {
    const call = await openStack({ stateDir });
    await call('POST', '/apis/apps/v1/namespaces/default/deployments', web);
    expect(await down({ stateDir })).toMatchObject({ state: 'down', parts: [] });
    expect(await processesOf(stateDir)).toEqual([]);
    const before = (await inspect({ stateDir })).environment;
    const { report } = await upAndTell();
    expect(report.environment).toEqual(before);
    expect(await deployment('web')).toBe(200);
    const { client, close } = await temporal();
    expect((await client.workflow.getHandle('waits').describe()).status.name).toBe('RUNNING');
    await close();
  });

  test('what was there is there again after every part was killed at once', async () => {
    const before = await inspect({ stateDir });
    for (const pid of Object.values(pidsOf(before))) process.kill(pid ?? 0, 'SIGKILL');
    const { report } = await upAndTell();
    expect(report.state).toBe('up');
    // Other commands, and shells that took `sluice env`, know the addresses.
    expect(report.environment).toEqual(before.environment);
    expect(await deployment('web')).toBe(200);
    // Pods are played again at once, too.
    const call = await openStack({ stateDir });
    await call(
      'PATCH',
      '/apis/apps/v1/namespaces/default/deployments/web/scale',
      { spec: { replicas: 4 } },
      'application/merge-patch+json',
    );
    await expect
      .poll(
        async () =>
          (
            (await call('GET', '/apis/apps/v1/namespaces/default/deployments/web')).body as {
              status: { readyReplicas?: number };
            }
          ).status.readyReplicas,
        { timeout: 90_000 },
      )
      .toBe(4);
  });

  test('a port that somebody took while the stack was down is replaced, and what read it follows', async () => {
    const { parts } = await inspect({ stateDir });
    const taken = Number(new URL(parts.find(({ name }) => name === 'kube-apiserver')?.address ?? '').port);
    await down({ stateDir });
    const squatter = net.createServer();
    await new Promise<void>((resolve) => squatter.listen(taken, '127.0.0.1', resolve));
    onTestFinished(() => void squatter.close());
    const { report } = await upAndTell();
    expect(report.state).toBe('up');
    expect(await readFile(report.environment?.KUBECONFIG ?? '', 'utf8')).not.toContain(`:${taken}"`);
    expect(await deployment('web')).toBe(200);
  });

  test('a port that is asked for and taken is refused; what runs is left running', async () => {
    const squatter = net.createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void squatter.close());
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
    const { port } = squatter.address() as net.AddressInfo;
    const before = pidsOf(await inspect({ stateDir }));
    await expect(up({ stateDir, ports: { temporal: port } })).rejects.toMatchObject({
      code: 'LOCAL_PORT_TAKEN',
      details: { port },
    });
    expect(pidsOf(await inspect({ stateDir }))).toEqual(before);
  });

  test('another runtime is refused while this one has state', async () => {
    await expect(up({ stateDir, runtime: 'containerd' })).rejects.toMatchObject({
      code: 'LOCAL_UNSUPPORTED',
      next: expect.stringContaining('down --wipe'),
    });
  });

  test('wiping forgets everything', async () => {
    expect(await down({ stateDir, wipe: true })).toEqual({ stateDir, state: 'none', parts: [] });
    expect(await readdir(stateDir).catch(() => [])).toEqual([]);
    expect(await processesOf(stateDir)).toEqual([]);
  });
});

describe('up, interrupted', () => {
  let program: string;

  beforeAll(() => {
    program = compileUpProcess();
  });

  // At once, while the stores start, while the API server starts, while the controllers start.
  test.each([
    ['SIGKILL', 'etcd starting'],
    ['SIGKILL', 'temporal ready'],
    ['SIGINT', 'kube-apiserver starting'],
    ['SIGKILL', 'kwok starting'],
  ] as const)('%s after "%s": the next up finishes the work, with one process for each part', async (signal, step) => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-stack-'));
    onTestFinished(async () => {
      await down({ stateDir: directory, wipe: true });
      await rm(directory, { recursive: true, force: true });
    });
    await interrupt(program, directory, signal, step);
    expect((await inspect({ stateDir: directory })).state).not.toBe('up');
    const report = await up({ stateDir: directory });
    expect(report.state).toBe('up');
    expect(new Set(await processesOf(directory))).toEqual(new Set(report.parts.map(({ pid }) => pid)));
    await down({ stateDir: directory });
    expect(await processesOf(directory)).toEqual([]);
  });

  test('down clears up after an interrupted up, too', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sluice-stack-'));
    await interrupt(program, directory, 'SIGKILL', 'kube-apiserver starting');
    await down({ stateDir: directory, wipe: true });
    expect(await processesOf(directory)).toEqual([]);
    expect(await readdir(directory).catch(() => [])).toEqual([]);
  });
});

/** Starts `up` in a process and sends it a signal as soon as it has printed a step. */
async function interrupt(program: string, directory: string, signal: NodeJS.Signals, step: string): Promise<void> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  const stopped = new Promise<NodeJS.Signals | null>((resolve) => child.once('exit', (_code, by) => resolve(by)));
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.includes(step)) child.kill(signal);
  });
  expect(await stopped).toBe(signal);
}

/** Node 20 runs no TypeScript: the program is compiled into a directory from which the package is found. */
function compileUpProcess(): string {
  const directory = packagePath('node_modules/.cache/sluice-up-process');
  const source = packagePath('test/kwok/support/upProcess.ts');
  const flags =
    '--ignoreConfig --target ES2023 --module NodeNext --rewriteRelativeImportExtensions --skipLibCheck --types node --strict';
  const where = ['--rootDir', packagePath('.'), '--outDir', directory, source];
  execFileSync(process.execPath, [packagePath('node_modules/typescript/bin/tsc'), ...flags.split(' '), ...where]);
  return join(directory, 'test/kwok/support/upProcess.js');
}

const web = {
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'a', image: 'r.test/a:v1' }] } },
  },
};

/** Prints the HTTP status that a caller without credentials gets. */
const anonymous = `
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  require('https').get(process.argv[1], (r) => { process.stdout.write(String(r.statusCode)); process.exit(0); }).on('error', () => process.exit(1));
`;

async function temporal(): Promise<{ client: Client; close: () => Promise<void> }> {
  const { environment } = await inspect({ stateDir });
  const connection = await Connection.connect({ address: environment?.TEMPORAL_ADDRESS ?? '' });
  return { client: new Client({ connection, namespace: 'default' }), close: () => connection.close() };
}
