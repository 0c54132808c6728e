import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, type HTTPRouteRule, httpRouteRules } from '../../../activities/canary/httpRoute.ts';
import type { Split } from '../../../workflows/contract/canary/plan.ts';

const sides = { namespace: 'shop', name: 'web', service: 'web', canary: 'web-canary' };
const { split, strip, unfit } = httpRouteRules;
const ref = (name: string, more: object = {}) => ({ group: '', kind: 'Service', name, port: 80, weight: 1, ...more });
const path = { path: { type: 'PathPrefix', value: '/' } };
const rule: HTTPRouteRule = { matches: [path], backendRefs: [ref('web')] } as HTTPRouteRule;

const anyMatch = fc.record({
  path: fc.record({ type: fc.constant('PathPrefix'), value: fc.constantFrom('/', '/a', '/b') }),
  headers: fc.array(fc.record({ type: fc.constant('Exact'), name: fc.constantFrom('a', 'b'), value: fc.string() }), {
    maxLength: 2,
  }),
});
const anyRule: fc.Arbitrary<HTTPRouteRule> = fc.record({
  matches: fc.array(anyMatch, { minLength: 1, maxLength: 3 }),
  backendRefs: fc
    .constantFrom('web', 'other', 'web')
    .chain((name) => fc.integer({ min: 0, max: 9 }).map((weight) => [ref(name, { weight })])),
  timeouts: fc.constantFrom({ request: '3s' }, { request: '9s' }),
});
const anyRules = fc
  .array(anyRule, { minLength: 1, maxLength: 5 })
  .filter((rules) => unfit(rules, sides, []) === undefined);
const anySplit: fc.Arbitrary<Split> = fc.record(
  {
    weight: fc.integer({ min: 0, max: 100 }),
    match: fc.record({ header: fc.record({ name: fc.constant('x-canary'), value: fc.constantFrom('a', 'b') }) }),
  },
  { requiredKeys: ['weight'] },
);
const canaryRefs = (rules: readonly HTTPRouteRule[]) =>
  rules.flatMap(({ backendRefs = [] }) => backendRefs).filter(({ name }) => name === 'web-canary');

describe('an HTTPRoute', () => {
  it('5 of 100 callers: the rule has both Services, each with its share, and all else of it stays', () => {
    expect(split([{ ...rule, name: 'all' }], sides, { weight: 5 })).toEqual([
      { ...rule, name: 'all', backendRefs: [ref('web', { weight: 95 }), ref('web-canary', { weight: 5 })] },
    ]);
  });

  it('callers with a header: a rule of their own, with what the rule asks of a request besides', () => {
    const match = { header: { name: 'x-canary', value: 'yes' } };
    const [own, all] = split([{ ...rule, name: 'all' }], sides, { weight: 0, match });
    expect(own).toEqual({
      matches: [{ ...path, headers: [{ type: 'Exact', ...match.header }] }],
      backendRefs: [ref('web-canary', { weight: 100 })],
    });
    expect(all).toEqual({ ...rule, name: 'all' });
  });

  it('whatever the rules are: weights of a rule that is split sum to 100, all others stay as they are', () => {
    fc.assert(
      fc.property(anyRules, anySplit, (rules, how) => {
        const made = split(rules, sides, how);
        const touched = made.filter(({ backendRefs = [] }) => backendRefs.some(({ name }) => name === 'web-canary'));
        for (const { backendRefs = [] } of touched) {
          expect(backendRefs.reduce((sum, { weight = 1 }) => sum + weight, 0)).toBe(100);
        }
        const others = rules.filter(({ backendRefs = [] }) => backendRefs[0]?.name === 'other');
        expect(made.filter(({ backendRefs = [] }) => backendRefs[0]?.name === 'other')).toEqual(others);
        expect(canaryRefs(made).length > 0).toBe(how.weight > 0 || how.match !== undefined);
        expect(split(rules, sides, { weight: 0 })).toEqual(rules);
      }),
    );
  });

  it('what is ours can be taken out of whatever somebody else made of it', () => {
    fc.assert(
      fc.property(anyRules, anySplit, fc.array(anyRule, { maxLength: 2 }), (rules, how, added) => {
        const foreign = added.filter(({ backendRefs = [] }) => backendRefs[0]?.name === 'other');
        const now = [...foreign, ...split(rules, sides, how)];
        const back = strip(now, sides, rules);
        expect(canaryRefs(back)).toEqual([]);
        expect(back).toHaveLength(foreign.length + rules.length);
        const same = rules.every(
          ({ backendRefs = [] }) => backendRefs[0]?.weight === rules[0]?.backendRefs?.[0]?.weight,
        );
        const all = [...foreign, ...rules];
        expect(same ? back : all).toEqual(all);
      }),
    );
  });

  it.each([
    [
      'no rule for the Service',
      [{ backendRefs: [ref('other')] }],
      {},
      'no rule that points to Service web; it points to: other',
    ],
    ['another namespace', [{ backendRefs: [ref('web', { namespace: 'else' })] }], {}, 'no rule that points to'],
    ['it is split already', [{ backendRefs: [ref('web'), ref('other')] }], {}, 'between Service web and other already'],
    ['a cookie', [rule], { match: { cookie: { name: 'a', value: 'b' } } }, 'knows no cookies'],
  ] as const)('is unfit: %s', (_what, rules, how, text) => {
    expect(unfit(rules, sides, [{ weight: 5, ...how }])).toContain(text);
  });

  describe('is in force when its gateways say so', () => {
    const { lag } = httpRouteRules;
    const parentRef = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'front' };
    const on = (conditions: readonly Condition[], more: object = {}) =>
      lag({
        metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: '1', generation: 5 },
        spec: { parentRefs: [{ name: 'front' }] },
        status: { parents: [{ parentRef: { ...parentRef, ...more }, conditions }] },
      });
    const accepted = { type: 'Accepted', status: 'True', observedGeneration: 5 };
    it.each([
      ['nobody says anything', [], 'undefined'],
      ['it is accepted', [accepted], 'undefined'],
      [
        'a condition of one controller alone is old',
        [accepted, { ...accepted, type: 'Own', observedGeneration: 1 }],
        'undefined',
      ],
      ['it was accepted as it was', [{ ...accepted, observedGeneration: 4 }], 'Gateway front has seen generation 4'],
      [
        'a Service is not found',
        [
          accepted,
          { ...accepted, type: 'ResolvedRefs', status: 'False', reason: 'BackendNotFound', message: 'web-canary' },
        ],
        'Gateway front says: not ResolvedRefs: BackendNotFound, web-canary',
      ],
    ])('%s', (_what, conditions, text) => {
      expect(String(on(conditions))).toContain(text);
    });
    it('what one says that the route does not name any more does not count', () => {
      const stale = { ...accepted, observedGeneration: 1 };
      expect(on([stale], { name: 'gone' })).toBeUndefined();
      expect(on([stale], { namespace: 'shop' })).toContain('generation 1');
    });
  });
});
