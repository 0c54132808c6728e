import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObservedPod } from '../../workflows/contract/observation.ts';
import type { Plan, PlannedPod } from '../../workflows/contract/plan.ts';
import { replan } from '../../workflows/contract/planner/replan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { observe, pod, podsOf, specOf, zoneLabel } from './observations.ts';

type Batches = NonNullable<NonNullable<ReleaseSpecInput['strategy']>['batches']>;

const inZone = (zone: string, pods?: number | string) => ({
  ...(pods !== undefined && { pods }),
  select: { nodes: { zone } },
});

/** The plan of v2 with these batches after one gray pod. */
const planOf = (pods: readonly ObservedPod[], batches: Batches, gray: object = { pods: 1 }): Plan =>
  planRelease(specOf({ strategy: { gray, batches } }), observe(pods));

const names = ({ batches }: Plan): Record<string, string> =>
  Object.fromEntries(batches.map((batch) => [batch.name, batch.pods.map(({ name }) => name).join(' ')]));

const pick = ({ batches, shape }: Plan) => ({ batches, shape });

describe('batches that choose their pods', () => {
  it('take theirs; one without a choice leaves them those, and what is left over is a last batch', () => {
    // p00 a, p01 b, p02 c, p03 a, p04 b, p05 c, p06 a, p07 b, p08 c
    const plan = planOf(podsOf(9), ['25%', inZone('c'), inZone('b', '25%')]);
    expect(names(plan)).toEqual({
      gray: 'p00',
      'batch-1': 'p03 p06',
      'batch-2': 'p02 p05 p08',
      'batch-3': 'p01 p04',
      'batch-4': 'p07',
    });
    expect(plan.warnings.map(({ code }) => code)).toContain('LEFTOVER_BATCH');
    expect(plan.shape).toMatchObject({ batches: [2, 3, 2, 1], selected: true });
  });

  it('take those that a later one wants too, where there are no others', () => {
    const plan = planOf(podsOf(4, ['a']), [2, inZone('a')]);
    expect(names(plan)).toEqual({ gray: 'p00', 'batch-1': 'p01 p02', 'batch-2': 'p03' });
  });

  it('may be written like the gray group, and are shares then', () => {
    const { batches, shape } = planOf(podsOf(9), [{ pods: 2 }, { pods: '50%' }]);
    expect({ batches, shape }).toEqual(pick(planOf(podsOf(9), [2, '50%'])));
    expect(shape).not.toHaveProperty('selected');
  });

  it('are those that are named, and all of them', () => {
    const plan = planOf(podsOf(5), [{ pods: 1, select: { names: ['p03', 'p04'] } }, '100%']);
    expect(names(plan)).toMatchObject({ 'batch-1': 'p03 p04', 'batch-2': 'p01 p02' });
  });

  it('are the newest, in whichever zone they are; gray too', () => {
    const ages = podsOf(6).map((one, index) => ({ ...one, createdAt: `2026-11-2${index % 3}T00:00:0${index}Z` }));
    // By age p05, p02, p04, p01, p03, p00.
    const plan = planOf(ages, [{ pods: 2, select: { first: 'Newest' } }, '100%'], {
      pods: 1,
      select: { first: 'Oldest' },
    });
    expect(plan.batches[0]?.pods.map(({ name }) => name)).toEqual(['p00']);
    expect(plan.batches[1]?.pods.map(({ name }) => name).toSorted()).toEqual(['p02', 'p05']);
  });

  it.each<[string, Batches, string]>([
    ['no ordinals', [{ select: { first: 'LowestOrdinal' } }], 'strategy.batches[0].select.first: found LowestOrdinal'],
    ['no zone of that name', [1, inZone('x')], 'strategy.batches[1].select: found conditions that no pod meets'],
    ['no pod of that name', [{ select: { names: ['p77'] } }], 'strategy.batches[0].select.names: found p77'],
    ['taken by an earlier one', [inZone('a'), inZone('a')], 'in the gray group or an earlier batch'],
  ])('is an error in the plan where one selects nothing: %s', (_, batches, text) => {
    expect(() => planOf(podsOf(6), batches)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(text) }),
    );
  });

  it('adds up the shares of all, chosen or not', () => {
    expect(() => specOf({ strategy: { batches: ['60%', inZone('a', '60%')] } })).toThrow(
      expect.objectContaining({ message: expect.stringContaining('together 120%') }),
    );
  });

  const zones = ['a', 'b', 'c'];
  const entry = fc.oneof(
    fc.integer({ min: 1, max: 10 }),
    fc.integer({ min: 1, max: 20 }).map((share) => `${share}%`),
    fc
      .tuple(fc.constantFrom(...zones), fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }))
      .map(([zone, pods]) => inZone(zone, pods)),
  );
  const anyCase = fc.record({
    pods: fc
      .array(fc.tuple(fc.constantFrom(...zones), fc.boolean()), { minLength: 1, maxLength: 40 })
      .map((list) => list.map(([zone, ready], index) => pod(`p${index}`, zone, { ready }))),
    batches: fc.array(entry, { minLength: 1, maxLength: 5 }),
  });
  /** Undefined where a batch selects nothing, which is told by the test above. */
  const planned = (pods: readonly ObservedPod[], batches: Batches): Plan | undefined => {
    try {
      return planOf(pods, batches);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SPEC_INVALID' });
      return undefined;
    }
  };

  it('have every pod once, none empty, and only those that they select, whatever the spec', () => {
    let plans = 0;
    fc.assert(
      fc.property(anyCase, ({ pods, batches }) => {
        const plan = planned(pods, batches);
        if (plan === undefined) return;
        plans += 1;
        const all = plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name));
        expect(all.toSorted()).toEqual(pods.map(({ name }) => name).toSorted());
        expect(plan.batches.every((batch) => batch.pods.length > 0)).toBe(true);
        const zoneOf = new Map(pods.map(({ name, nodeLabels }) => [name, nodeLabels[zoneLabel]]));
        const asked = batches.flatMap((one) => (typeof one === 'object' ? [one.select.nodes.zone] : []));
        const groups = plan.batches.slice(1).map((batch) => new Set(batch.pods.map(({ name }) => zoneOf.get(name))));
        // Each that chooses is there, in the order of the spec, and has pods of its zone alone.
        let at = 0;
        for (const zone of pods.length > 1 ? asked : []) {
          const found = groups.findIndex((group, index) => index >= at && group.size === 1 && group.has(zone));
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(plans).toBeGreaterThan(50);
  });

  it('keep their pods when the workload changes in mid-release; others come with the last batch', () => {
    fc.assert(
      fc.property(anyCase, fc.nat(0xffff), fc.nat(5), fc.nat(3), ({ pods, batches }, died, born, begun) => {
        const plan = planned(pods, batches);
        if (plan?.shape.selected === undefined) return;
        const ahead = plan.batches.slice(begun);
        const there = ahead.flatMap((batch) => batch.pods).filter((_, index) => ((died >> (index % 16)) & 1) === 0);
        const fresh = Array.from(
          { length: born },
          (_, at): PlannedPod => ({ name: `n${at}`, uid: `n${at}`, node: '', ready: true }),
        );
        const now = replan({ shape: plan.shape, ahead, begun: { batches: begun, pods: 0 } }, [...fresh, ...there]);
        const inBatch = (of: readonly { name: string; pods: readonly PlannedPod[] }[]) =>
          new Map(of.flatMap(({ name, pods: list }) => list.map(({ uid }) => [uid, name] as const)));
        expect([...inBatch(now).keys()].toSorted()).toEqual([...there, ...fresh].map(({ uid }) => uid).toSorted());
        expect(now.every((batch) => batch.pods.length > 0)).toBe(true);
        const before = inBatch(ahead);
        const moved = [...inBatch(now)].filter(([uid, name]) => before.has(uid) && before.get(uid) !== name);
        // Only the gray group takes one from another batch, where all of its own have died.
        expect(moved.every(([, name]) => name === 'gray') && moved.length <= 1).toBe(true);
        expect(new Set(now.map(({ name }) => name)).size).toBe(now.length);
      }),
      { numRuns: 300 },
    );
  });
});
