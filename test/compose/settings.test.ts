import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { composeFile } from '../support/compose.ts';
import { type Machine, openMachine } from './support/machine.ts';

/** What the dynamic configuration is worth, on the server and the database of docker-compose.yml. */

/** More than the server's limiter lets through at once, of which it has saved up a second's worth. */
const steps = 100;
let machine: Machine;
let workflowBundle: WorkflowBundle;

beforeAll(async () => {
  const { environment } = inject('stack');
  machine = await openMachine({ files: [composeFile], kubeconfig: environment.KUBECONFIG, cluster: 'none' });
  await machine.up();
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('support/chain.workflow.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
}, 1_800_000);

afterAll(() => machine?.close());

/** Milliseconds that each activity of a chain takes; the better of two, after one that warms up. */
async function perActivity(): Promise<number> {
  const address = machine.client['TEMPORAL_ADDRESS'] ?? '';
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
  ]);
  const options = { taskQueue: 'chain', args: [steps] as [number] };
  const { workflow } = new Client({ connection });
  const activities = { nothing: () => Promise.resolve() };
  const connected = { connection: native };
  const worker = await Worker.create({ ...connected, taskQueue: 'chain', workflowBundle });
  const other = await Worker.create({ ...connected, taskQueue: 'chain.activities', activities });
  const measured = async (): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const began = performance.now();
      await workflow.execute('chain', { ...options, workflowId: `chain-${began}` });
      times.push((performance.now() - began) / steps);
    }
    return Math.min(...times.slice(1));
  };
  try {
    return await worker.runUntil(() => other.runUntil(measured()));
  } finally {
    await Promise.all([native.close(), connection.close()]);
  }
}

test('a chain of activities is much quicker than with the server’s defaults', async () => {
  const ours = await perActivity();
  const none = join(tmpdir(), 'sluice-no-dynamic-config.yaml');
  await writeFile(none, '{}\n');
  await machine.stop('temporal');
  await machine.start('temporal', { DYNAMIC_CONFIG_FILE_PATH: none });
  const defaults = await perActivity();
  console.log(`an activity of a chain: ${ours.toFixed(0)} ms; with the server's defaults ${defaults.toFixed(0)} ms`);
  // By default a shard reads its tasks 20 times a second: an activity cannot take less than 50 ms there.
  expect(defaults).toBeGreaterThan(50);
  expect(ours).toBeLessThan(0.75 * defaults);
}, 300_000);
