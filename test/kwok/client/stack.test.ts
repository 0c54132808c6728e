import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connect } from '../../../client/sdk/connect.ts';
import type { Problem } from '../../../client/sdk/problem.ts';
import type { DoctorReport } from '../../../local/doctor.ts';
import type { StackReport } from '../../../local/types.ts';
import { sluice } from '../../client/cli/io.ts';
import { until } from '../../support/world.ts';

/** The commands around the local stack, on the one that this test run has brought up. */

const { stateDir, environment } = inject('stack');
let empty: string;
beforeAll(async () => {
  empty = await mkdtemp(join(tmpdir(), 'sluice-none-'));
});
afterAll(() => rm(empty, { recursive: true, force: true }));

describe('up', () => {
  test('finds a stack that is up, and says where everything is', async () => {
    const ran = await sluice(['up', '--state-dir', stateDir]);
    expect(ran.exit).toBe(0);
    expect(ran.stderr).toMatch(/^kube-apiserver: kept$/m);
    expect(ran.stderr).not.toContain('starting');
    expect(ran.stdout).toMatch(/^✓ The local stack is up$/m);
    expect(ran.stdout).toContain(`eval "$(sluice env --state-dir ${stateDir})"`);
    for (const address of [environment.TEMPORAL_ADDRESS, environment.SLUICE_TEMPORAL_UI, environment.KUBECONFIG]) {
      expect(ran.stdout).toContain(address);
    }
    const report = JSON.parse((await sluice(['up', '--state-dir', stateDir, '-o', 'json'])).stdout) as StackReport;
    expect(report).toMatchObject({ state: 'up', stateDir, environment });
  });

  test('refuses a port that somebody has, before anything is started', async () => {
    const holder = createServer();
    holder.listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const ran = await sluice(['up', '--state-dir', empty, '--port', `temporal=${port}`, '-o', 'json']);
    holder.close();
    expect(ran.exit).toBe(3);
    expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'LOCAL_PORT_TAKEN', port } satisfies Partial<Problem>);
    const down = await sluice(['down', '--wipe', '--state-dir', empty, '-o', 'json']);
    expect(JSON.parse(down.stdout)).toMatchObject({ state: 'none', parts: [] });
  });
});

test('env prints exports that a shell can take', async () => {
  const ran = await sluice(['env', '--state-dir', stateDir]);
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
  expect(ran.stdout).toBe(
    Object.entries(environment)
      .map(([name, value]: [string, string]) => `export ${name}=${value}\n`)
      .join(''),
  );
  expect(JSON.parse((await sluice(['env', '--state-dir', stateDir, '-o', 'json'])).stdout)).toEqual(environment);
});

test('after `up` commands find Temporal without exports', async () => {
  // The test run sets SLUICE_STATE_DIR for this process; nothing else says where Temporal is.
  const ran = await sluice(['list', '-o', 'json'], { env: {} });
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
  expect(JSON.parse(ran.stdout)).toBeInstanceOf(Array);
});

test('doctor looks at the programs, the ports and the parts', async () => {
  const ran = await sluice(['doctor', '--state-dir', stateDir, '-o', 'json']);
  const report = JSON.parse(ran.stdout) as DoctorReport;
  expect(report.findings).toContainEqual(
    expect.objectContaining({ group: 'stack', name: 'kube-apiserver', state: 'ok' }),
  );
  expect(ran.exit).toBe(report.ok ? 0 : 6);
  const table = await sluice(['doctor', '--state-dir', stateDir]);
  expect(table.stdout).toMatch(/^programs\n {2}✓ etcd /m);
});

describe('a Temporal namespace that nobody has prepared', () => {
  const namespace = `bare-${Date.now()}`;
  const place = ['--temporal-namespace', namespace];
  const env = { TEMPORAL_ADDRESS: environment.TEMPORAL_ADDRESS };
  beforeAll(async () => {
    const connection = await connect({ address: environment.TEMPORAL_ADDRESS, namespace, source: 'the local stack' });
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
    await connection.close();
    // The front end learns of a new namespace within some seconds.
    await until(async () => (await sluice(['list', ...place], { env })).exit === 0);
  });

  test('has no worker: nothing is started', async () => {
    const ran = await sluice(['release', 'deployment/checkout', '--image', 'app=x:2', ...place, '-o', 'json'], { env });
    expect(ran.exit).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({
      code: 'WORKER_ABSENT',
      next: expect.stringContaining('nothing has been started'),
    });
  });

  test('has no search attributes: the commands that make them', async () => {
    const ran = await sluice(['list', '--waiting', ...place], { env });
    expect(ran.exit).toBe(6);
    expect(ran.stderr).toContain('  temporal operator search-attribute create --name SluiceWaiting --type Bool\n');
    expect(ran.stderr).toContain('TEMPORAL_REFUSED');
  });
});
