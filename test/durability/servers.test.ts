import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { down } from '../../local/down.ts';
import { inspect } from '../../local/inspect.ts';
import { sampleImage } from '../../local/sample.ts';
import { up } from '../../local/up.ts';
import { openWorld, until, type World } from '../support/world.ts';
import { endStateOf, succeeded } from './endState.ts';
import { endOf, type Outside, openOutside, patience, specOf } from './helpers.ts';

/** Servers that are killed in the middle of a batch, in a stack of its own. */

let stateDir: string;
let world: World;
let outside: Outside;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'sluice-servers-'));
  await up({ stateDir });
  outside = await openOutside();
  world = await openWorld(stateDir);
});
afterAll(async () => {
  outside.close();
  await world?.close();
  await down({ stateDir, wipe: true });
});

/** SIGKILL for these parts of the stack, all at once. */
async function killParts(...names: readonly string[]): Promise<void> {
  const { parts } = await inspect({ stateDir });
  const pids = names.map((name) => parts.find((part) => part.name === name)?.pid);
  for (const pid of pids) {
    if (pid === undefined) throw new Error(`not running: ${names.join()}`);
    process.kill(pid, 'SIGKILL');
  }
  await until(async () => {
    const now = (await inspect({ stateDir })).parts;
    return names.every((name) => now.find((part) => part.name === name)?.state === 'dead');
  });
}

describe('scenario 55: a release ends as undisturbed when, in mid-batch,', { timeout: 300_000 }, () => {
  it.each([
    { name: 'temporal', parts: ['temporal'] },
    { name: 'apiserver', parts: ['kube-apiserver'] },
    { name: 'etcd', parts: ['etcd', 'kube-apiserver'] },
    { name: 'all', parts: ['etcd', 'kube-apiserver', 'kube-controller-manager', 'temporal'] },
  ])('$parts are killed and started again', async ({ name, parts }) => {
    const worker = await world.worker();
    const slow = { 'sluice.dev/kwok-ready-delay': '700' };
    await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 6, podAnnotations: slow });
    const before = await world.pods(name);
    const spec = specOf(world, name, outside);
    await world.start({ ...spec, strategy: { ...spec.strategy, maxUnavailable: 1 } });
    await world.until(name, ({ batches }) => batches[1]?.pods.some(({ state }) => state === 'done') ?? false);
    await killParts(...parts);
    await up({ stateDir });
    await endOf(world, name);
    await expect.poll(() => endStateOf(world, name, before), patience).toEqual(succeeded(6));
    await worker.stop();
  });
});
