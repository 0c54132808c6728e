import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Preview } from '../../workflows/contract/observation.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import { resizeLines, sameAmount } from '../../workflows/contract/resize.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { anyPods, anyStrategy, observe, podsOf, specOf } from './observations.ts';

const from = { app: { requests: { cpu: '100m' }, limits: {} } };
const to = { app: { requests: { cpu: '200m' }, limits: {} } };
const change = { template: { spec: { containers: [{ name: 'app', resources: { requests: { cpu: '200m' } } }] } } };
const previewOf = (resize: Preview['resize'], image = 'v1'): Preview => ({
  from: 'abc',
  source: { patch: change.template },
  images: { app: `r.test/checkout:${image}` },
  differs: ['resources of app'],
  ...(resize && { resize }),
});
const possible = previewOf({ from, to, restarts: [] });
const pods = podsOf(4).map((pod) => ({ ...pod, resources: from }));
const planned = (preview: Preview, more: Partial<ReleaseSpecInput> = {}, observed = pods) =>
  planRelease(specOf({ change, ...more }), observe(observed, { preview }));

describe('a change of resources', () => {
  it('goes in place where pods that live can be given them, and says so', () => {
    const plan = planned(possible);
    expect(plan.mode).toMatchObject({ used: 'InPlace', reason: expect.stringContaining('which they get as they run') });
    expect(plan.change).toMatchObject({ from: {}, to: {}, resize: { from, to } });
    expect(plan.change.version).toMatch(/^v1\+[0-9a-f]{6}$/);
    expect(plan.batches.flatMap((batch) => batch.pods).length).toBe(4);
    expect(plan.writes.join(' ')).toContain('Keep the old and the new template');
    expect(plan.writes.join(' ')).not.toContain('made anew');
    const restarted = planned(previewOf({ from, to, restarts: ['app'] }));
    expect(restarted.mode.reason).toContain('for which app must restart');
  });

  it('goes together with an image, and with an order of containers', () => {
    const image = 'r.test/checkout:v2';
    const plan = planned(previewOf({ from, to, restarts: [] }, 'v2'), {
      change: { ...change, images: { app: image } },
    });
    expect(plan.change).toMatchObject({ to: { app: image }, version: 'v2', resize: { to } });
    expect(plan.mode.used).toBe('InPlace');
  });

  it('makes pods anew where they cannot, and says why; InPlaceOnly is refused', () => {
    const impossible = previewOf({ impossible: 'Pod QoS is immutable' });
    expect(planned(impossible).mode).toMatchObject({
      used: 'Recreate',
      reason: expect.stringContaining('resources of app: Pod QoS is immutable'),
    });
    expect(planned(impossible).change.resize).toBeUndefined();
    expect(() => planned(impossible, { strategy: { mode: 'InPlaceOnly' } })).toThrow(
      expect.objectContaining({ code: 'NOT_IN_PLACE', message: expect.stringContaining('Pod QoS is immutable') }),
    );
    expect(planned(possible, { strategy: { mode: 'InPlaceOnly' } }).mode.used).toBe('InPlace');
    expect(planned(possible, { strategy: { mode: 'Recreate' } }).mode.used).toBe('Recreate');
  });

  it('leaves pods alone that have them already, in whichever spelling', () => {
    const has = { app: { requests: { cpu: '0.2' }, limits: {} } };
    const plan = planned(possible, {}, [...pods.slice(1), ...podsOf(1).map((pod) => ({ ...pod, resources: has }))]);
    expect(plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name)).toSorted()).toEqual([
      'p01',
      'p02',
      'p03',
    ]);
  });

  it('takes no place of a running release, and none takes its', () => {
    const running = { holder: 'r', change: planned(possible).change };
    const supersedes = {
      holder: 'r',
      change: { from: {}, to: { app: 'r.test/checkout:v0' }, version: 'v0', fromVersion: 'v1' },
    };
    const refused = expect.objectContaining({ code: 'REFUSED' });
    expect(() => planRelease(specOf(), observe(pods, { supersedes: running }))).toThrow(refused);
    expect(() => planRelease(specOf({ change }), observe(pods, { supersedes, preview: possible }))).toThrow(refused);
  });

  it('every plan has each pod that has not the resources or the image in one batch, and no other', () => {
    const given = fc.record({
      all: anyPods,
      strategy: anyStrategy,
      resized: fc.array(fc.boolean(), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(given, ({ all, strategy, resized }) => {
        const observed = all.map((pod, index) => ({ ...pod, resources: resized[index] ? to : from }));
        const due = observed.filter(
          ({ images, resources }) => resources === from || images['app'] !== 'r.test/checkout:v2',
        );
        const plan = planRelease(
          specOf({ change: { ...change, images: { app: 'r.test/checkout:v2' } }, strategy }),
          observe(observed, { preview: previewOf({ from, to, restarts: [] }, 'v2') }),
        );
        // An image that every pod has is no part of the change.
        const named =
          plan.change.to['app'] === undefined ? observed.filter(({ resources }) => resources === from) : due;
        expect(plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name)).toSorted()).toEqual(
          named.map(({ name }) => name).toSorted(),
        );
      }),
      { numRuns: 200 },
    );
  });
});

it('says what changes', () => {
  expect(resizeLines({ from, to, restarts: ['app'] })).toEqual([
    'app: requests.cpu 100m → 200m, for which it restarts',
  ]);
  expect([sameAmount('1', '1000m'), sameAmount('64Mi', '65536Ki'), sameAmount('1', undefined)]).toEqual([
    true,
    true,
    false,
  ]);
});
