import { describe, expect, it } from 'vitest';
import { canaryIngress, unfit } from '../../../activities/canary/nginx.ts';
import type { Ingress } from '../../../activities/kubernetes/wire.ts';
import type { Match } from '../../../workflows/contract/canary/plan.ts';

const sides = { namespace: 'shop', name: 'web', service: 'web', canary: 'web-canary' };
const nginx = 'nginx.ingress.kubernetes.io';
const path = (at: string, name = 'web') => ({
  path: at,
  pathType: 'Prefix',
  backend: { service: { name, port: { name: 'http' } } },
});
const ingress = (rules: object, annotations: Readonly<Record<string, string>> = {}, name = 'web'): Ingress =>
  ({ metadata: { name, annotations }, spec: { ingressClassName: 'nginx', rules } }) as Ingress;
const rule = (host: string, ...paths: readonly object[]) => ({ host, http: { paths } });
const web = ingress([rule('shop.test', path('/'))]);
const canary = { [`${nginx}/canary`]: 'true' };

describe('the second Ingress beside one', () => {
  it('has the paths to the Service, to the canary’s, and says how many come by it', () => {
    const annotations = {
      'kubernetes.io/ingress.class': 'nginx',
      [`${nginx}/upstream-hash-by-subset`]: 'true',
      [`${nginx}/proxy-body-size`]: '8m',
      'argocd.argoproj.io/tracking-id': 'x',
    };
    const stable = ingress(
      [rule('shop.test', path('/'), path('/api', 'api'), path('/b')), rule('api.test', path('/', 'api'))],
      annotations,
    );
    expect(canaryIngress(stable, sides, { weight: 5 })).toEqual({
      annotations: {
        'kubernetes.io/ingress.class': 'nginx',
        [`${nginx}/upstream-hash-by-subset`]: 'true',
        ...canary,
        [`${nginx}/canary-weight`]: '5',
      },
      spec: {
        ingressClassName: 'nginx',
        rules: [rule('shop.test', path('/', 'web-canary'), path('/b', 'web-canary'))],
      },
    });
  });

  it.each<readonly [string, Match, object]>([
    [
      'a header',
      { header: { name: 'x-canary', value: 'yes' } },
      { [`${nginx}/canary-by-header`]: 'x-canary', [`${nginx}/canary-by-header-value`]: 'yes' },
    ],
    ['a cookie', { cookie: { name: 'beta', value: 'always' } }, { [`${nginx}/canary-by-cookie`]: 'beta' }],
  ])('says who comes by %s', (_what, match, wanted) => {
    const { annotations } = canaryIngress(web, sides, { weight: 0, match });
    expect(annotations).toEqual({ ...canary, [`${nginx}/canary-weight`]: '0', ...wanted });
  });
});

describe('an Ingress whose callers cannot be split', () => {
  const other = (rules: object, annotations: Readonly<Record<string, string>>) => ingress(rules, annotations, 'other');
  const cases: readonly (readonly [string, Ingress, readonly Ingress[], Match | undefined, string])[] = [
    [
      'no path to it',
      ingress([rule('a', path('/', 'api'))]),
      [],
      undefined,
      'no path that points to Service web; it points to: api',
    ],
    [
      'a canary itself',
      ingress([rule('a', path('/'))], { [`${nginx}/canary`]: 'True' }),
      [],
      undefined,
      'is a canary of ingress-nginx itself',
    ],
    [
      'a canary for the same place',
      web,
      [other([rule('shop.test', path('/', 'beta'))], canary)],
      undefined,
      'has a canary already: Ingress other, for shop.test/',
    ],
    [
      'a canary for another place of the Service',
      web,
      [ingress([rule('b.test', path('/b'))], {}, 'second'), other([rule('b.test', path('/b', 'beta'))], canary)],
      undefined,
      'Ingress other, for b.test/b',
    ],
    [
      'callers who stay where they are',
      ingress([rule('a', path('/'))], { [`${nginx}/affinity`]: 'cookie' }),
      [],
      undefined,
      `annotation ${nginx}/affinity`,
    ],
    [
      'a cookie with a value',
      web,
      [],
      { cookie: { name: 'beta', value: 'yes' } },
      'only where its value is "always", not "yes"',
    ],
    ['a header that nginx drops', web, [], { header: { name: 'x_canary', value: 'yes' } }, 'drops those with "_"'],
  ];
  it.each(cases)('%s', (_what, stable, others, match, text) => {
    expect(unfit(stable, [stable, ...others], sides, [{ weight: 5, ...(match && { match }) }])).toContain(text);
  });

  it('is not one beside which others are split', () => {
    const others = [
      other([rule('shop.test', path('/api', 'beta'))], canary),
      other([rule('else.test', path('/', 'beta'))], canary),
      other([rule('shop.test', path('/old', 'old'))], { [`${nginx}/affinity`]: 'cookie' }),
    ];
    const match: Match = { cookie: { name: 'beta', value: 'always' } };
    expect(unfit(web, [web, ...others], sides, [{ weight: 5, match }])).toBeUndefined();
  });
});
