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

const steps = 120;
/** The limiter lets a second's worth through at once. */
const savedUp = 40;
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

/**
 * Milliseconds that an activity of a chain takes at the best: in the quickest five that follow each other, after those that the
 * server's limiter had saved up for. What else the machine does makes this longer, but not shorter than the limiter allows.
 */
async function atBest(): Promise<number> {
  const address = machine.client['TEMPORAL_ADDRESS'] ?? '';
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address }),
    Connection.connect({ address }),
  ]);
  const moments: number[] = [];
  const activities = { nothing: () => Promise.resolve(void moments.push(performance.now())) };
  const worker = await Worker.create({ connection: native, taskQueue: 'chain', workflowBundle });
  const other = await Worker.create({ connection: native, taskQueue: 'chain.activities', activities });
  const { workflow } = new Client({ connection });
  const chain = { taskQueue: 'chain', args: [steps] as [number], workflowId: `chain-${performance.now()}` };
  try {
    await worker.runUntil(() => other.runUntil(() => workflow.execute('chain', chain)));
    const fives = moments.slice(savedUp, -5).map((began, index) => (moments[savedUp + index + 5] ?? 0) - began);
    return Math.min(...fives) / 5;
  } finally {
    await Promise.all([native.close(), connection.close()]);
  }
}

test('a chain of activities is not held back by the limits that the server has by default', async () => {
  const ours = await atBest();
  const none = join(tmpdir(), 'sluice-no-dynamic-config.yaml');
  await writeFile(none, '{}\n');
  await machine.stop('temporal');
  await machine.start('temporal', { DYNAMIC_CONFIG_FILE_PATH: none });
  const defaults = await atBest();
  console.log(`an activity of a chain: ${ours.toFixed(0)} ms; with the server's defaults ${defaults.toFixed(0)} ms`);
  // By default a shard takes up tasks 20 times a second.
  expect(defaults).toBeGreaterThan(49);
  expect(ours).toBeLessThan(49);
}, 300_000);
