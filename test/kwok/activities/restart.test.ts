import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import { down } from '../../../local/down.ts';
import { inspect } from '../../../local/inspect.ts';
import { up } from '../../../local/up.ts';
import { activitiesOf, attempt, createWorld, deploy, eventually, handful, v1, type World } from './fixtures.ts';

/** A stack of its own: its API server is killed. */
let stateDir: string;
let world: World;

beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'sluice-restart-'));
  await up({ stateDir });
  const { environment } = await inspect({ stateDir });
  world = await createWorld(environment?.KUBECONFIG);
});

afterAll(async () => {
  await world.kube.close();
  await down({ stateDir, wipe: true });
});

it('a wait goes on when the API server is killed and started again', { timeout: 180_000 }, async () => {
  const sluice = activitiesOf(world.kube);
  const app = await deploy(world);
  const uid = (await app.deployment()).metadata.uid;
  await attempt(sluice, 'acquire', { target: app.target, uid, holder: 'h', from: v1 });
  const images = { app: 'registry.test/shop:notready' };
  const request = handful(app.target, uid, 'h', await app.pods(), images, { readyTimeoutMs: 170_000 });
  await attempt(sluice, 'patch', request);
  const waiting = attempt(sluice, 'wait', request);
  await eventually(async () => (world.kube.requests['watch pods'] ?? 0) > 0);

  const server = (await inspect({ stateDir })).parts.find(({ name }) => name.includes('apiserver'));
  if (server?.pid === undefined) throw new Error('no API server');
  process.kill(server.pid, 'SIGKILL');
  await eventually(async () => (await inspect({ stateDir })).state === 'degraded');
  await up({ stateDir });

  const [first] = request.pods;
  const at = { namespace: world.namespace, name: first?.name ?? '' };
  await eventually(async () => {
    await world.kube.remove(pods, at);
    return true;
  });
  expect(await waiting).toMatchObject({ gone: [first?.name], failed: [] });
  sluice.close();
});
