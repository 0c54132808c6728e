import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { sluice } from '../../client/cli/io.ts';
import { makeCertificates, type TestCertificates, type TlsFront, tlsFront } from '../../support/tlsFront.ts';
import { openWorld, until, type World } from '../../support/world.ts';

/** A Temporal behind TLS that lets in only who has a certificate: client and worker read the same variables. */

const cli = fileURLToPath(new URL('../../../dist/client/cli/main.js', import.meta.url));
let world: World;
let certificates: TestCertificates;
let front: TlsFront;
let env: Record<string, string>;

beforeAll(async () => {
  world = await openWorld(inject('stack').stateDir);
  certificates = await makeCertificates();
  const { server, client, caFile } = certificates;
  front = await tlsFront(world.env['TEMPORAL_ADDRESS'] ?? '', {
    cert: readFileSync(server.certFile),
    key: readFileSync(server.keyFile),
    ca: readFileSync(caFile),
  });
  env = {
    TEMPORAL_ADDRESS: front.address,
    TEMPORAL_NAMESPACE: world.env['TEMPORAL_NAMESPACE'] ?? '',
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: caFile,
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.certFile,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.keyFile,
  };
});

afterAll(async () => {
  front.close();
  await certificates.remove();
  await world.close();
});

test('a client with a certificate gets in', async () => {
  const ran = await sluice(['list', '-o', 'json'], { env });
  expect(ran).toMatchObject({ exit: 0, stderr: '' });
});

test('a worker for a namespace that does not exist says so', async () => {
  const ran = await sluice(['worker', '--temporal-namespace', 'nowhere'], { env });
  expect(ran).toMatchObject({ exit: 6, stdout: '' });
  expect(ran.stderr).toContain('The Temporal namespace nowhere does not exist.');
});

test('a worker with the same variables polls', async () => {
  const worker = startWorker();
  try {
    await until(async () => {
      if (worker.exitCode !== null) throw new Error(`The worker ended with ${worker.exitCode}.`);
      await world.sluice.requireWorkers(world.cluster);
      return true;
    });
  } finally {
    worker.kill('SIGTERM');
  }
  expect(await once(worker, 'exit')).toEqual([0, null]);
});

function startWorker(): ChildProcess {
  return spawn(process.execPath, [cli, 'worker', '--cluster', world.cluster, '--log-level', 'warn'], {
    env: { PATH: process.env['PATH'], KUBECONFIG: world.env['KUBECONFIG'], ...env },
    stdio: 'ignore',
  });
}
