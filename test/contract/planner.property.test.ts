import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../workflows/contract/observation.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import { anyPods, anyStrategy, observe, percentIn, specOf, zoneLabel } from './observations.ts';

const newImage = 'r.test/checkout:v2';
const anyCase = fc.record({ pods: anyPods, strategy: anyStrategy });
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

/** What was planned for a case, and of what. */
function planned({ pods, strategy }: Case): { plan: Plan; observation: Observation; outdated: string[] } {
  const observation = observe(pods);
  const outdated = pods.filter((pod) => pod.images['app'] !== newImage).map(({ name }) => name);
  return { plan: planRelease(specOf({ strategy }), observation), observation, outdated };
}

const holds = (check: (given: Case) => void): void => {
  fc.assert(fc.property(anyCase, check), { numRuns: 200 });
};

const namesIn = (plan: Plan): string[] => plan.batches.flatMap((batch) => batch.pods.map(({ name }) => name));

describe('every plan', () => {
  it('has each outdated pod in exactly one batch, and no other pod', () => {
    holds((given) => {
      const { plan, outdated } = planned(given);
      expect(namesIn(plan).toSorted()).toEqual(outdated.toSorted());
    });
  });

  it('has no empty batch; gray comes first and the others are numbered', () => {
    holds((given) => {
      const { plan, outdated } = planned(given);
      expect(plan.batches.every(({ pods }) => pods.length > 0)).toBe(true);
      const names = plan.batches.map(({ name }) => name);
      expect(names).toEqual(outdated.length === 0 ? [] : ['gray', ...names.slice(1).map((_, i) => `batch-${i + 1}`)]);
      expect(plan.batches.map(({ gate }) => gate.id)).toEqual(names.map((name) => `after-${name}`));
    });
  });

  it('has a gray group of the percentage of all pods rounded up, at least 1, at most all', () => {
    holds((given) => {
      const { plan, observation, outdated } = planned(given);
      const asked = given.strategy.gray.pods;
      const size =
        typeof asked === 'number' ? asked : Math.ceil((observation.pods.length * Number.parseInt(asked, 10)) / 100);
      expect(plan.batches[0]?.pods.length ?? 0).toBe(Math.min(size, outdated.length));
    });
  });

  it('keeps batches near their share: off by less than one pod, or moved up because each has at least one', () => {
    holds((given) => {
      const { batches } = given.strategy;
      if (!Array.isArray(batches)) return;
      const { plan, outdated } = planned(given);
      const rest = outdated.length - (plan.batches[0]?.pods.length ?? 0);
      let reached = 0;
      for (const [index, { pods }] of plan.batches.slice(1).entries()) {
        const upTo = batches.slice(0, index + 1);
        const counts = upTo.reduce<number>((sum, entry) => (typeof entry === 'number' ? sum + entry : sum), 0);
        const exact = counts + (rest * percentIn(upTo)) / 100;
        const near = Math.min(rest, Math.max(reached + 1, Math.round(exact)));
        reached += pods.length;
        expect(reached).toBe(index < batches.length ? near : rest);
      }
    });
  });

  it('splits `count` evenly, the larger batches last', () => {
    holds((given) => {
      const { batches } = given.strategy;
      if (Array.isArray(batches)) return;
      const { plan } = planned(given);
      const sizes = plan.batches.slice(1).map(({ pods }) => pods.length);
      expect(sizes.length).toBeLessThanOrEqual(batches.count);
      expect(Math.max(0, ...sizes) - Math.min(...sizes, Math.max(0, ...sizes))).toBeLessThanOrEqual(1);
      expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    });
  });

  it('bounds maxUnavailable from 1 to replicas and never rounds it up', () => {
    holds((given) => {
      const { plan } = planned(given);
      const asked = given.strategy.maxUnavailable;
      const exact = typeof asked === 'number' ? asked : (plan.replicas * Number.parseInt(asked, 10)) / 100;
      expect(plan.maxUnavailable).toBeGreaterThanOrEqual(1);
      expect(plan.maxUnavailable).toBeLessThanOrEqual(plan.replicas);
      expect(plan.maxUnavailable).toBeLessThanOrEqual(Math.max(1, exact));
      expect(plan.maxUnavailable).toBeGreaterThan(Math.min(exact, plan.replicas) - 1);
    });
  });

  it('has pods that are not ready first: in the whole release and in each batch', () => {
    holds((given) => {
      const { plan } = planned(given);
      for (const { pods } of plan.batches) {
        expect(pods.map(({ ready }) => ready)).toEqual(
          pods.map(({ ready }) => ready).toSorted((a, b) => Number(a) - Number(b)),
        );
      }
      const ready = plan.batches.map(({ pods }) => pods.map((pod) => pod.ready));
      const firstReady = ready.flat().indexOf(true);
      const lastDown = ready.flat().lastIndexOf(false);
      expect(firstReady === -1 || lastDown < firstReady).toBe(true);
    });
  });

  it('spreads each batch: no beginning of it takes twice from a zone while another zone of the batch waits', () => {
    holds((given) => {
      const { plan } = planned(given);
      for (const { pods } of plan.batches) {
        // Readiness decides first; within the ready ones and the others the zones take turns.
        for (let length = 1; length <= pods.length; length += 1) {
          const [begun, later] = [pods.slice(0, length), pods.slice(length)];
          const last = begun.at(-1);
          const of = (zone: string | undefined) => begun.filter((pod) => pod.zone === zone).length;
          const waiting = later.filter(({ ready }) => ready === last?.ready);
          for (const { zone } of waiting) expect(of(last?.zone) - of(zone)).toBeLessThanOrEqual(1);
        }
      }
    });
  });

  it('is the same whatever order the cluster lists the pods in', () => {
    fc.assert(
      fc.property(
        anyCase.chain(({ pods, strategy }) =>
          fc.record({
            pods: fc.constant(pods),
            strategy: fc.constant(strategy),
            shuffled: fc.shuffledSubarray(pods, { minLength: pods.length }),
          }),
        ),
        ({ pods, strategy, shuffled }) => {
          expect(planned({ pods: shuffled, strategy }).plan).toEqual(planned({ pods, strategy }).plan);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('says of each pod its zone, and its images where they are not those of the template', () => {
    holds((given) => {
      const { plan, observation } = planned(given);
      const seen = new Map(observation.pods.map((pod) => [pod.name, pod]));
      for (const { name, uid, zone, from } of plan.batches.flatMap(({ pods }) => pods)) {
        const pod = seen.get(name);
        expect(uid).toBe(pod?.uid);
        expect(zone).toBe(pod?.nodeLabels[zoneLabel]);
        expect(from).toEqual(pod?.images['app'] === 'r.test/checkout:v1' ? undefined : pod?.images);
      }
    });
  });

  it('changes neither spec nor observation', () => {
    holds(({ pods, strategy }) => {
      const [spec, observation] = [specOf({ strategy }), observe(pods)];
      const before = JSON.stringify([spec, observation]);
      planRelease(spec, observation);
      expect(JSON.stringify([spec, observation])).toBe(before);
    });
  });
});
