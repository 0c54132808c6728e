import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { apply, awaitAvailable, type KubernetesObject, remove } from '../../../local/apply.ts';
import type { KubernetesCall } from '../../../local/kubernetes/client.ts';
import { openStack } from '../../../local/open-stack.ts';
import { sampleImage } from '../../../local/sample.ts';
import { startWorker } from '../../../worker/run.ts';
import { type KindName, kinds } from '../../../workflows/contract/kinds.ts';
import { validateScale } from '../../../workflows/contract/scale/validate.schema.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { isOver } from '../../../workflows/contract/status.ts';
import { root } from '../../support/compose.ts';
import { fronts } from '../../support/fronts.ts';
import { openWorld, until, type World } from '../../support/world.ts';

/** The manifests for a worker in a cluster, on a real API server: it takes them, and what they allow is enough. */

let world: World;
let call: KubernetesCall;
let directory: string;
let rbac: KubernetesObject[];

beforeAll(async () => {
  const { stateDir } = inject('stack');
  world = await openWorld(stateDir);
  call = await openStack({ stateDir });
  directory = await mkdtemp(join(tmpdir(), 'sluice-manifests-'));
  rbac = manifests('deploy/rbac.yaml');
  await apply(call, rbac);
});

afterAll(async () => {
  for (const object of rbac.toReversed()) await remove(call, object);
  await world.close();
  await rm(directory, { recursive: true, force: true });
});

test('the Deployment of the worker becomes ready', async () => {
  const [deployment, ...others] = manifests('deploy/worker.yaml');
  expect(others).toEqual([]);
  if (deployment === undefined) throw new Error('There is no Deployment in deploy/worker.yaml.');
  await apply(call, [deployment]);
  expect(await awaitAvailable(call, deployment)).toBe(2);
  await remove(call, deployment);
});

type Strategy = ReleaseSpecInput['strategy'];
/** How a Deployment is released beside its pods, also behind whatever splits callers. */
const beside: readonly Strategy[] = [
  { mode: 'BlueGreen', blueGreen: { keepOld: '0s' } },
  ...fronts.map(
    ({ kind }): Strategy => ({ mode: 'Canary', canary: { route: { kind, name: 'app' }, steps: [{ weight: 50 }] } }),
  ),
];

test.each(Object.keys(kinds) as KindName[])(
  'a worker that may do no more than deploy/rbac.yaml carries out a release of a %s with a drain, and scales it',
  async (kind) => {
    const own = await openWorld(inject('stack').stateDir, {}, kind);
    const worker = await startWorker({
      temporal: { address: own.env['TEMPORAL_ADDRESS'] ?? '', namespace: own.env['TEMPORAL_NAMESPACE'] ?? '' },
      cluster: own.cluster,
      kubeconfig: await kubeconfigOfServiceAccount(),
      logLevel: 'error',
    });
    try {
      await until(async () => {
        await own.sluice.requireWorkers(own.cluster);
        return true;
      });
      await own.deploy({ name: 'app', image: sampleImage('v1'), runtime: 'kwok', replicas: 4 });
      for (const front of kind === 'deployment' ? fronts : []) {
        await front.install(own.kube);
        await front.create(own, 'app');
      }
      const image = `registry.local/busybox@sha256:${'1'.repeat(64)}`;
      const traffic = { through: [{ service: 'app' }], quiet: '0s', silence: { ephemeralContainer: { image } } };
      await own.start(own.spec('app', sampleImage('v2'), { traffic }));
      const { phase } = await own.until('app', (status) => isOver(status.phase));
      expect(phase).toBe('succeeded');
      for (const pod of (await own.pods('app')).values()) expect(pod.image).toBe(sampleImage('v2'));
      // Of a Deployment also beside its pods, to the version before, and back.
      for (const [index, strategy] of (kind === 'deployment' ? beside : []).entries()) {
        const tag = index % 2 === 0 ? 'v1' : 'v2';
        await own.start(own.spec('app', sampleImage(tag), { traffic, strategy }));
        const next = await own.until('app', (status) => isOver(status.phase) && status.version === tag);
        expect([next.phase, next.failure]).toEqual(['succeeded', undefined]);
      }
      // A kind whose pods follow something else than a number has nothing to scale.
      if ('refused' in kinds[kind].scaling) return;
      const target = { cluster: own.cluster, workload: `${kind}/app` };
      const metadata = { namespace: own.namespace };
      const spec = validateScale({ metadata, target, scale: { to: 2, hpa: 'Suspend' }, traffic });
      await own.sluice.scale(spec, { initiator: 'test' });
      const scaled = await own.until('app', (status) => isOver(status.phase) && status.version === '2 pods');
      expect(scaled.phase).toBe('succeeded');
    } finally {
      worker.stop();
      await worker.ended;
      await own.close();
    }
  },
);

/** The objects of a file, in the namespace of this test instead of `sluice`. */
function manifests(file: string): KubernetesObject[] {
  const text = readFileSync(`${root}${file}`, 'utf8').replaceAll('namespace: sluice', `namespace: ${world.namespace}`);
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

/** The kubeconfig of the stack with a token of the worker's service account instead of the administrator. */
async function kubeconfigOfServiceAccount(): Promise<string> {
  const path = `/api/v1/namespaces/${world.namespace}/serviceaccounts/sluice-worker/token`;
  const { body } = await call('POST', path, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} });
  const { token } = (body as { status: { token: string } }).status;
  const config = parse(await readFile(world.env['KUBECONFIG'] ?? '', 'utf8')) as { users: { name: string }[] };
  const users = config.users.map(({ name }) => ({ name, user: { token } }));
  const file = join(directory, 'kubeconfig');
  await writeFile(file, stringify({ ...config, users }), { mode: 0o600 });
  return file;
}
