import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sampleImage } from '../../local/sample.ts';
import { searchAttributes } from '../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { sluice } from '../client/cli/io.ts';
import { composeFile, composeTlsFile, root } from '../support/compose.ts';
import { openWorld, type World } from '../support/world.ts';
import { type Machine, openMachine } from './support/machine.ts';

/** The services of docker-compose.yml, run natively with its settings, release on the kwok cluster. */

let world: World;
let certificates: string;

beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  certificates = await mkdtemp(join(tmpdir(), 'sluice-certificates-'));
  await promisify(execFile)(join(root, 'deploy/temporal/certificates.sh'), [certificates, '127.0.0.2']);
  execFileSync('chown', ['-R', '1000', certificates]);
});

afterAll(async () => {
  await world.close();
  await rm(certificates, { recursive: true, force: true });
});

describe.each([
  ['docker-compose.yml', [composeFile]],
  ['with deploy/docker-compose.tls.yml', [composeFile, composeTlsFile]],
])('%s', (_, files) => {
  let machine: Machine;
  const run = (...argv: string[]) =>
    sluice(argv, { env: { ...machine.client, SLUICE_CLUSTER: world.cluster, USER: 'anna' } });
  /** Sends the spec that the worlds of the tests share, with a drain through the Service. */
  const release = (app: string, change: Partial<ReleaseSpecInput> = {}) =>
    sluice(['release', '-f', '-'], {
      env: { ...machine.client, USER: 'anna' },
      input: JSON.stringify(
        world.spec(app, sampleImage('v2'), { traffic: { through: [{ service: app }], quiet: '0s' }, ...change }),
      ),
    });
  const ended = (app: string) => run('status', `deployment/${app}`, '-n', world.namespace, '--wait', '--timeout', '2m');

  beforeAll(async () => {
    const kubeconfig = world.env['KUBECONFIG'] ?? '';
    machine = await openMachine({ files, kubeconfig, cluster: world.cluster, certificates });
    await machine.up();
  }, 1_800_000);

  afterAll(() => machine?.close());

  test('jobs that ran find their work done', async () => {
    for (const job of ['schema', 'namespace']) expect(await machine.job(job)).toMatchObject({ exit: 0 });
  });

  test('the namespace has its retention and the search attributes', async () => {
    const temporal = async (...args: string[]): Promise<unknown> => {
      const env = { PATH: machine.path, HOME: '/', ...machine.client };
      const { stdout } = await promisify(execFile)('temporal', [...args, '-o', 'json'], { env });
      return JSON.parse(stdout) as unknown;
    };
    expect(await temporal('operator', 'namespace', 'describe', 'default')).toMatchObject({
      config: { workflowExecutionRetentionTtl: '2592000s' },
    });
    const { customAttributes } = (await temporal('operator', 'search-attribute', 'list')) as {
      customAttributes: Record<string, string>;
    };
    expect(Object.keys(customAttributes)).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
  });

  test('a release runs to its end', async () => {
    const app = `whole${files.length}`;
    await world.deploy({ name: app, image: sampleImage('v1'), runtime: 'kwok', replicas: 6 });
    const before = await world.pods(app);
    expect(await release(app)).toMatchObject({ exit: 0 });
    expect(await ended(app)).toMatchObject({ exit: 0 });
    const after = await world.pods(app);
    expect([...after.keys()]).toEqual([...before.keys()]);
    for (const [pod, { uid, image }] of after) {
      expect({ pod, uid, image }).toEqual({ pod, uid: before.get(pod)?.uid, image: sampleImage('v2') });
    }
    expect(await world.traces(app)).toEqual([]);
    expect((await run('list')).stdout).toContain(app);
    const shown = await fetch(`${machine.ui}/api/v1/namespaces/default/workflows`);
    expect(await shown.text()).toContain(`deployment/${app}`);
  }, 180_000);

  test('a release that waits survives SIGKILL of Temporal, of PostgreSQL and of the worker', async () => {
    const app = `killed${files.length}`;
    await world.deploy({ name: app, image: sampleImage('v1'), runtime: 'kwok', replicas: 4 });
    const status = (): Promise<{ exit: number; stdout: string }> =>
      run('status', `deployment/${app}`, '-n', world.namespace, '-o', 'json');
    expect(await release(app, { gates: { afterGray: { approval: {} } } })).toMatchObject({ exit: 0 });
    await expect.poll(async () => (await status()).stdout, { timeout: 60_000 }).toContain('"waiting"');
    // The worker sees the server go and come back; then it goes itself.
    for (const name of ['temporal', 'postgres']) await machine.stop(name, 'SIGKILL');
    for (const name of ['postgres', 'temporal']) await machine.start(name);
    await machine.stop('worker', 'SIGKILL');
    await machine.start('worker');
    await expect
      .poll(async () => (await run('approve', `deployment/${app}`, '-n', world.namespace)).exit, { timeout: 60_000 })
      .toBe(0);
    expect(await ended(app)).toMatchObject({ exit: 0 });
    for (const { image } of (await world.pods(app)).values()) expect(image).toBe(sampleImage('v2'));
  }, 300_000);

  test.runIf(files.length > 1)('nobody gets in without a certificate', async () => {
    const env = { ...machine.client, TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' };
    const ran = await sluice(['list'], { env });
    expect(ran).toMatchObject({ exit: 6, stdout: '' });
    expect(ran.stderr).toContain('Set TEMPORAL_TLS_CLIENT_CERT_PATH');
  });

  test('the worker ends by itself when it is asked to', async () => {
    expect(await machine.stop('worker')).toBe(0);
    await machine.start('worker');
  });

  test('the dynamic configuration is known to the server', async () => {
    const file = machine.services['temporal']?.environment?.['DYNAMIC_CONFIG_FILE_PATH'] ?? '';
    const { stdout } = await promisify(execFile)('temporal-server', ['validate-dynamic-config', file], {
      env: { PATH: machine.path },
    });
    expect(stdout.trim()).toBe(file);
  });
});
