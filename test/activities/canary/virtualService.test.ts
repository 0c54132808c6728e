import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HttpRoute, virtualServiceRules } from '../../../activities/canary/virtualService.ts';
import type { Match, Split } from '../../../workflows/contract/canary/plan.ts';

const sides = { namespace: 'shop', name: 'web', service: 'web', canary: 'web-canary' };
const { split, strip, unfit } = virtualServiceRules;
const to = (host: string, more: object = {}) => ({ destination: { host, port: { number: 80 } }, ...more });
const header: Match = { header: { name: 'X-Canary', value: 'yes' } };
const cookie: Match = { cookie: { name: 'group', value: 'beta.2' } };

const anyHost = fc.constantFrom('web', 'web.shop.svc.cluster.local', 'other', 'web.else.svc.cluster.local');
const anyRoute: fc.Arbitrary<HttpRoute> = fc.record(
  {
    name: fc.constantFrom('one', 'two'),
    match: fc.array(
      fc.record(
        { uri: fc.record({ prefix: fc.constantFrom('/', '/a') }), headers: fc.constant({ debug: { exact: '1' } }) },
        { requiredKeys: ['uri'] },
      ),
      { maxLength: 2 },
    ),
    route: anyHost.map((host) => [to(host)]),
    timeout: fc.constantFrom('3s', '9s'),
  },
  { requiredKeys: ['route'] },
);
const anyRoutes = fc
  .array(anyRoute, { minLength: 1, maxLength: 5 })
  .filter((rules) => unfit(rules, sides, []) === undefined);
const anySplit: fc.Arbitrary<Split> = fc.record(
  { weight: fc.integer({ min: 0, max: 100 }), match: fc.constantFrom(header, cookie) },
  { requiredKeys: ['weight'] },
);

interface Sent {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}
const anySent: fc.Arbitrary<Sent> = fc.record({
  path: fc.constantFrom('/', '/a/b'),
  headers: fc.record(
    {
      'x-canary': fc.constantFrom('yes', 'no', 'yes, no'),
      cookie: fc.constantFrom(
        'group=beta.2',
        'a=1; group=beta.2; b=2',
        'group=betax2',
        'mygroup=beta.2',
        'group=beta.22',
      ),
      debug: fc.constant('1'),
    },
    { requiredKeys: [] },
  ),
});
const matches = ({ headers }: Sent, match: Match): boolean =>
  'header' in match
    ? headers['x-canary'] === match.header.value
    : (headers['cookie'] ?? '').split('; ').includes(`${match.cookie.name}=${match.cookie.value}`);

/** As Istio does it: the first route of which one condition fits has the request. */
function routeFor(rules: readonly HttpRoute[], { path, headers }: Sent): HttpRoute | undefined {
  return rules.find(({ match = [] }) => {
    if (match.length === 0) return true;
    return match.some((one) => {
      const { uri, headers: asked = {} } = one as typeof one & { readonly uri?: { readonly prefix: string } };
      if (uri && !path.startsWith(uri.prefix)) return false;
      return Object.entries(asked).every(([name, { exact, regex }]) => {
        const value = headers[name];
        if (value === undefined) return false;
        return exact === undefined ? new RegExp(`^(?:${regex})$`).test(value) : value === exact;
      });
    });
  });
}
const shares = (route: HttpRoute | undefined): Readonly<Record<string, number>> => {
  const { route: all = [] } = route ?? {};
  return Object.fromEntries(
    all
      .map(({ destination, weight = all.length === 1 ? 100 : 0 }) => [destination.host, weight] as const)
      .filter(([, weight]) => weight > 0),
  );
};

describe('a VirtualService', () => {
  it('5 of 100 callers: the route has both Services, named as the one was, and all else of it stays', () => {
    const rule = {
      name: 'all',
      route: [to('web.shop.svc.cluster.local', { headers: { request: {} } })],
      timeout: '3s',
    };
    const also = { headers: { request: {} } };
    expect(split([rule], sides, { weight: 5 })).toEqual([
      {
        ...rule,
        route: [
          to('web.shop.svc.cluster.local', { ...also, weight: 95 }),
          to('web-canary.shop.svc.cluster.local', { ...also, weight: 5 }),
        ],
      },
    ]);
  });

  it('callers with a header or a cookie: a route of their own before the other', () => {
    const rule = { name: 'all', route: [to('web')] };
    const own = { route: [to('web-canary', { weight: 100 })] };
    expect(split([rule], sides, { weight: 0, match: header })).toEqual([
      { ...own, match: [{ headers: { 'x-canary': { exact: 'yes' } } }] },
      rule,
    ]);
    expect(split([rule], sides, { weight: 0, match: cookie })).toEqual([
      { ...own, match: [{ headers: { cookie: { regex: String.raw`^(.*; *)?group=beta\.2(;.*)?$` } } }] },
      rule,
    ]);
  });

  it('whatever the routes are and whoever calls: those who came to the Service are split, nobody else is moved', () => {
    fc.assert(
      fc.property(anyRoutes, anySplit, anySent, (rules, how, sent) => {
        const before = shares(routeFor(rules, sent));
        const [host = ''] = Object.keys(before);
        const isOurs = host === 'web' || host.startsWith('web.shop.');
        const weight = how.match && matches(sent, how.match) ? 100 : how.weight;
        const wanted = Object.entries({ [host]: 100 - weight, [host.replace('web', 'web-canary')]: weight });
        const now = shares(routeFor(split(rules, sides, how), sent));
        expect(now).toEqual(isOurs ? Object.fromEntries(wanted.filter(([, share]) => share > 0)) : before);
      }),
    );
  });

  it('what is ours can be taken out of whatever somebody else made of it', () => {
    fc.assert(
      fc.property(anyRoutes, anySplit, fc.array(anyRoute, { maxLength: 2 }), (rules, how, added) => {
        const foreign = added.filter(({ route = [] }) => route[0]?.destination.host === 'other');
        expect(strip([...foreign, ...split(rules, sides, how)], sides, rules)).toEqual([...foreign, ...rules]);
      }),
    );
  });

  it.each([
    ['no route to the Service', [{ route: [to('other')] }], undefined, 'points to Service web; it points to: other'],
    ['another namespace', [{ route: [to('web.else.svc.cluster.local')] }], undefined, 'no rule that points to'],
    ['no Service at all', [{ redirect: { uri: '/b' } }], undefined, 'it points to: nothing'],
    ['it is split already', [{ route: [to('web'), to('other')] }], undefined, 'between Service web and other already'],
    ['a subset', [{ route: [{ destination: { host: 'web', subset: 'v1' } }] }], undefined, 'subset v1 of Service web'],
    [
      'a header that it asks for itself',
      [{ match: [{ headers: { 'x-canary': { prefix: 'y' } } }], route: [to('web')] }],
      header,
      'asks for header x-canary itself',
    ],
    [
      'a cookie beside another',
      [{ match: [{ headers: { cookie: { regex: '.*a=1.*' } } }], route: [to('web')] }],
      cookie,
      'asks for header cookie itself',
    ],
  ] as const)('is unfit: %s', (_what, rules, match, text) => {
    expect(unfit(rules as readonly HttpRoute[], sides, [{ weight: 5, ...(match && { match }) }])).toContain(text);
  });

  it.each([
    [undefined, undefined],
    [4, 'Istio has seen generation 4 of it only, not 5'],
    ['5', undefined],
  ])('istiod says that it has seen generation %s of 5', (observedGeneration, text) => {
    const metadata = { name: 'web', uid: 'u', resourceVersion: '1', generation: 5 };
    const status = observedGeneration === undefined ? {} : { observedGeneration };
    expect(virtualServiceRules.lag({ metadata, spec: {}, status })).toBe(text);
  });
});
