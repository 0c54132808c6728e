import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlanChangeFields, readPlanChange } from '../../workflows/contract/planChange.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { specOf } from './observations.ts';

/** Whether the schema of the spec takes these fields. */
function inSpec({ strategy, gates }: PlanChangeFields): boolean {
  const { kind: _, apiVersion: __, ...spec } = specOf();
  const { change, target } = spec;
  try {
    validateSpec({ target, change: { images: change.images }, ...(strategy && { strategy }), ...(gates && { gates }) });
    return true;
  } catch {
    return false;
  }
}

const quantity = fc.oneof(
  fc.integer({ min: -2, max: 120 }),
  fc.integer({ min: -2, max: 120 }).map((percent) => `${percent}%`),
  fc.constantFrom('5', '1.5%', '', 1.5, null, true),
);
const batches = fc.oneof(
  fc.array(quantity, { maxLength: 3 }),
  fc.integer({ min: -1, max: 250 }).map((count) => ({ count })),
  fc.constantFrom('all', 3, { many: 3 }, {}, null),
);
const duration = fc.oneof(
  fc.tuple(fc.nat(300), fc.constantFrom('ms', 's', 'm', 'h', 'd', '', 'x')).map(([count, unit]) => `${count}${unit}`),
  fc.constantFrom('1h30m', '5m1h', '', 5, null),
);
const approval = fc.oneof(
  fc.constantFrom<unknown>(false, true, null, [], 'yes'),
  fc.record(
    {
      required: fc.constantFrom(0, 1, 2, 20, 21, 1.5),
      from: fc.constantFrom([], ['anna'], ['anna', 'bert'], [''], 'anna'),
    },
    { requiredKeys: [] },
  ),
);

describe('what may be said of a plan that is carried out', () => {
  it.each<[string, fc.Arbitrary<object>]>([
    ['strategy.maxUnavailable', quantity.map((value) => ({ strategy: { maxUnavailable: value } }))],
    ['strategy.failureThreshold', quantity.map((value) => ({ strategy: { failureThreshold: value } }))],
    ['strategy.batches', batches.map((value) => ({ strategy: { batches: value } }))],
    ['gates.afterBatch.bake', duration.map((value) => ({ gates: { afterBatch: { bake: value } } }))],
    ['gates.afterBatch.approval', approval.map((value) => ({ gates: { afterBatch: { approval: value } } }))],
  ])('%s: the same as in a spec', (_, fields) => {
    fc.assert(
      fc.property(fields, (change) => {
        expect(typeof readPlanChange(change) === 'object').toBe(inSpec(change as PlanChangeFields));
      }),
      { numRuns: 300 },
    );
  });
});
