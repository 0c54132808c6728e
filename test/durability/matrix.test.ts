import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deployments } from '../../activities/kubernetes/resources.ts';
import { deny } from '../kwok/activities/admission.ts';
import { type KillPoint, openWorld, type PassedPoint, type World } from '../support/world.ts';
import { endStateOf, rolledBack, succeeded } from './endState.ts';
import { deployV1, endOf, type Outside, openOutside, patience, specOf } from './helpers.ts';
import { chosenPoints, matrixOf, readPoints } from './points.ts';
import { anotherWay, killAt, undisturbed } from './wave.ts';

/**
 * The durability matrix: the worker is killed (SIGKILL) at every activity boundary and before and after every write
 * to the Kubernetes API, on the way forward and in the rollback; another worker goes on. Every release must end as one
 * that nobody disturbed. The points are those that an undisturbed release was seen to pass, so a new activity or a new
 * write is in the matrix by itself.
 */

/** Releases that one worker carries out at once; each stands still with a request in its hands. */
const waveSize = 25;

/** Half of the matrix, for CI: see docs/durability.md. */
const half = process.env['SLUICE_MATRIX'] === 'half';

const ways = {
  forward: { wanted: succeeded(3), includes: 'release › create replicasets' },
  rollback: { wanted: rolledBack([2, 2, 2]), includes: 'undo uncommit › delete replicasets' },
};

describe.each(['forward', 'rollback'] as const)('killed at every point: %s', (way) => {
  const { wanted, includes } = ways[way];
  let outside: Outside;
  let directory: string;
  let world: World;
  let lift: () => Promise<void> = async () => undefined;
  beforeAll(async () => {
    outside = await openOutside();
    directory = await mkdtemp(join(tmpdir(), 'sluice-matrix-'));
    world = await openWorld(inject('stack').stateDir);
    if (way === 'forward') return;
    // The last step of the way forward is refused, so that everything must be undone: by then all has been done.
    const resumes = '(has(oldObject.spec.paused) && oldObject.spec.paused && !has(object.spec.paused))';
    const isNew = "object.spec.template.spec.containers[0].image.endsWith(':v2')";
    ({ lift } = await deny(world, deployments, `!(${resumes} && ${isNew})`, 'not this version'));
  });
  afterAll(async () => {
    await lift();
    await world?.close();
    outside.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('scenario 55: the end is that of an undisturbed release', { timeout: 1_800_000 }, async () => {
    const points = chosenPoints(await passedByUndisturbed(), way === 'rollback', half);
    expect(points.map(({ point }) => point)).toContain(includes);
    const outcomes = new Map<KillPoint, string>();
    for (let first = 0; first < points.length; first += waveSize) {
      const wave = await killAt(
        world,
        {
          deploy: (name) => deployV1(world, name),
          start: (name) => world.start(specOf(world, name, outside)),
          stateOf: (name, before) => endStateOf(world, name, before),
          wanted,
        },
        points.slice(first, first + waveSize),
        directory,
      );
      for (const [point, outcome] of wave) outcomes.set(point, outcome);
    }
    console.log(matrixOf(way, outcomes));
    expect([...outcomes].filter(([, outcome]) => outcome !== undisturbed && outcome !== anotherWay)).toEqual([]);
    const reached = [...outcomes.values()].filter((outcome) => outcome === undisturbed);
    // A few points depend on how quick the machine is; if many are not reached, nothing has been shown.
    expect(reached.length).toBeGreaterThanOrEqual(0.8 * points.length);
  });

  async function passedByUndisturbed(): Promise<readonly PassedPoint[]> {
    const file = join(directory, 'undisturbed');
    await deployV1(world, 'undisturbed');
    const before = await world.pods('undisturbed');
    const worker = await world.worker({ points: file });
    await world.start(specOf(world, 'undisturbed', outside));
    await endOf(world, 'undisturbed');
    await expect.poll(() => endStateOf(world, 'undisturbed', before), patience).toEqual(wanted);
    await worker.stop();
    return readPoints(file);
  }
});
