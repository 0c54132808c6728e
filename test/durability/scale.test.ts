import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { autoscalers, deployments, endpointSlices, pods, services } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { sampleImage } from '../../local/sample.ts';
import { validateScale } from '../../workflows/contract/scale/validate.schema.ts';
import { deny } from '../kwok/activities/admission.ts';
import { podKeys } from '../kwok/support/podKeys.ts';
import { type KillPoint, openWorld, type PassedPoint, type PodFacts, type World } from '../support/world.ts';
import { endOf, patience } from './helpers.ts';
import { chosenPoints, matrixOf, readPoints } from './points.ts';
import { anotherWay, killAt, type Subject, undisturbed } from './wave.ts';

/** As matrix.test.ts, of scales: killed at every point, and the end is that of one that nobody disturbed. */

const waveSize = 20;
const half = process.env['SLUICE_MATRIX'] === 'half';

/** All that a scale may change, without names. */
interface ScaleEnd {
  readonly phase: string;
  readonly notUndone: readonly string[];
  readonly paused: boolean;
  readonly asked: number;
  /** Pods that were there before, and those that came. */
  readonly pods: readonly [kept: number, born: number];
  readonly restarts: number;
  readonly endpoints: number;
  readonly selector: readonly string[];
  readonly marks: readonly string[];
  readonly bounds: readonly [min: number, max: number];
  readonly behavior: unknown;
}

const ends = (phase: string, kept: number, born: number): ScaleEnd => ({
  phase,
  notUndone: [],
  paused: false,
  asked: kept + born,
  pods: [kept, born],
  restarts: 0,
  endpoints: kept + born,
  selector: ['app'],
  marks: [],
  bounds: [2, 5],
  behavior: undefined,
});

const ways = {
  down: { from: 5, to: 2, wanted: ends('succeeded', 2, 0), includes: 'scale › patch deployments' },
  up: { from: 2, to: 5, wanted: ends('succeeded', 2, 3), includes: 'scale › patch deployments' },
  'undo down': { from: 5, to: 2, wanted: ends('rolledBack', 2, 3), includes: 'undo scale › patch deployments' },
  'undo up': { from: 2, to: 5, wanted: ends('rolledBack', 2, 0), includes: 'undo drain › patch pods: drained' },
};

describe.each(Object.keys(ways) as (keyof typeof ways)[])('a scale that is killed at every point: %s', (way) => {
  const { from, to, wanted, includes } = ways[way];
  const undoes = way.startsWith('undo');
  let directory: string;
  let world: World;
  let lift: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sluice-scales-'));
    world = await openWorld(inject('stack').stateDir);
    if (!undoes) return;
    // The last step of the way forward is refused, so that everything must be undone: by then all has been done.
    const resumes = '(has(oldObject.spec.paused) && oldObject.spec.paused && !has(object.spec.paused))';
    ({ lift } = await deny(world, deployments, `!(${resumes} && object.spec.replicas == ${to})`, 'not this number'));
  });
  afterAll(async () => {
    await lift();
    await world?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const subject = (): Subject<ScaleEnd> => ({
    deploy: async (name) => {
      await world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: from });
      const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name };
      const spec = { scaleTargetRef, minReplicas: 2, maxReplicas: 5 };
      const scaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name }, spec };
      await world.kube.create(autoscalers, scaler, { namespace: world.namespace });
    },
    start: async (name) => {
      const spec = validateScale({
        metadata: { namespace: world.namespace },
        target: { cluster: world.cluster, workload: `deployment/${name}` },
        scale: { to, hpa: 'Suspend' },
        strategy: { batches: [1, 2] },
        traffic: { through: [{ service: name }], quiet: '100ms', maxDrain: '30s' },
      });
      await world.sluice.scale(spec, { initiator: 'test' });
    },
    stateOf: (name, before) => endOfScale(world, name, before),
    wanted,
  });

  it('the end is that of an undisturbed scale', { timeout: 1_200_000 }, async () => {
    const points = chosenPoints(await passedByUndisturbed(), undoes, half);
    expect(points.map(({ point }) => point)).toContain(includes);
    const outcomes = new Map<KillPoint, string>();
    for (let first = 0; first < points.length; first += waveSize) {
      const wave = await killAt(world, subject(), points.slice(first, first + waveSize), directory);
      for (const [point, outcome] of wave) outcomes.set(point, outcome);
    }
    console.log(matrixOf(way, outcomes));
    expect([...outcomes].filter(([, outcome]) => outcome !== undisturbed && outcome !== anotherWay)).toEqual([]);
    const reached = [...outcomes.values()].filter((outcome) => outcome === undisturbed);
    expect(reached.length).toBeGreaterThanOrEqual(0.8 * points.length);
  });

  async function passedByUndisturbed(): Promise<readonly PassedPoint[]> {
    const file = join(directory, 'undisturbed');
    const { deploy, start, stateOf } = subject();
    await deploy('undisturbed');
    const before = await world.pods('undisturbed');
    const worker = await world.worker({ points: file });
    await start('undisturbed');
    await endOf(world, 'undisturbed');
    await expect.poll(() => stateOf('undisturbed', before), patience).toEqual(wanted);
    await worker.stop();
    return readPoints(file);
  }
});

async function endOfScale(world: World, name: string, before: ReadonlyMap<string, PodFacts>): Promise<ScaleEnd> {
  const { kube, namespace } = world;
  const labelSelector = `kubernetes.io/service-name=${name}`;
  const [status, deployment, service, slices, list, scaler, traces, keys] = await Promise.all([
    world.sluice.status(world.target(name)),
    kube.get(deployments, { namespace, name }),
    kube.get(services, { namespace, name }),
    kube.list(endpointSlices, { namespace, labelSelector }),
    kube.list(pods, { namespace, labelSelector: `app=${name}` }),
    kube.get(autoscalers, { namespace, name }),
    world.traces(name),
    podKeys(world, name),
  ]);
  const living = list.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const was = new Set([...before.values()].map(({ uid }) => uid));
  const kept = living.filter(({ metadata }) => was.has(metadata.uid)).length;
  const own = Object.keys(scaler.metadata.annotations ?? {}).filter((key) => key.startsWith('sluice.dev/'));
  return {
    phase: status.phase,
    notUndone: status.notUndone.map(({ text }) => text),
    paused: deployment.spec.paused ?? false,
    asked: deployment.spec.replicas ?? 1,
    pods: [kept, living.length - kept],
    restarts: living.reduce((sum, pod) => sum + (pod.status?.containerStatuses?.[0]?.restartCount ?? 0), 0),
    endpoints: endpointsOf(slices.items).ready,
    selector: Object.keys(service.spec.selector ?? {}),
    marks: [...traces, ...keys, ...own],
    bounds: [scaler.spec.minReplicas ?? 1, scaler.spec.maxReplicas],
    behavior: scaler.spec.behavior,
  };
}
