import { type HTTPRoute, type HTTPRouteRule, httpRouteRules } from '../../activities/canary/httpRoute.ts';
import type { RuleKind } from '../../activities/canary/rules.ts';
import type { Routing } from '../../activities/canary/there.ts';
import { type HttpRoute, type VirtualService, virtualServiceRules } from '../../activities/canary/virtualService.ts';
import { ingressClasses, ingresses, type Resource } from '../../activities/kubernetes/resources.ts';
import type { Connection } from '../../activities/kubernetes/types.ts';
import type { Match, RouterKind } from '../../workflows/contract/canary/plan.ts';
import { type CrdName, installCrd, unlessThere } from './crds.ts';

interface Place {
  readonly kube: Connection;
  readonly namespace: string;
}

type Headers = Readonly<Record<string, string>>;
interface Sent {
  readonly name: string;
  readonly weight?: number;
}

/** What stands in front of a Service in a test: one of each kind that a canary can split callers by. */
export interface Front {
  readonly kind: RouterKind;
  /** Makes the API server know it. */
  install(kube: Connection): Promise<void>;
  /** Makes one, called as the Service that it sends all callers to. */
  create(place: Place, name: string): Promise<void>;
  /** All that people wrote into it. */
  said(place: Place, name: string): Promise<unknown>;
  /** Who gets how many in a hundred callers, one rule after the other: `web-canary 100, web 75, web-canary 25`. */
  split(place: Place, name: string): Promise<string>;
  /** As whoever follows it would: where it sends a request with these headers, each Service with its weight. */
  backends(place: Place, name: string, headers: Headers): Promise<readonly Sent[]>;
  /** Callers who can be told by it, and what those send. */
  readonly testers: { readonly match: Match; readonly headers: Headers };
  /** Somebody else sends all callers to the Service. */
  meddle(place: Place, name: string): Promise<void>;
  /** What of a release is left beside it. */
  traces(place: Place, name: string): Promise<readonly string[]>;
  generation(place: Place, name: string): Promise<number>;
  /** Whoever follows it reports that it has taken in this generation. None where nobody can. */
  heed?(place: Place, name: string, generation: number): Promise<void>;
}

/** One that is a list of rules. */
export interface RuleFront extends Front {
  readonly resource: Resource<Routing>;
  /** Somebody else changes the last rule only, as `tweaked` says. */
  tweak(place: Place, name: string): Promise<void>;
  tweaked(spec: object): object;
  heed(place: Place, name: string, generation: number): Promise<void>;
}

function ruleFront<Route extends Routing & { readonly spec: object }, Rule extends object>(of: {
  readonly rules: RuleKind<Route, Rule>;
  readonly crd: CrdName;
  /** A new one with this rule. */
  readonly spec: (rule: object) => object;
  readonly ruleTo: (name: string) => object;
  readonly sentTo: (rule: Rule) => readonly Sent[];
  /** Which rule a request with these headers goes by. */
  readonly ruleFor: (rules: readonly Rule[], headers: Headers) => Rule | undefined;
  readonly testers: Front['testers'];
  readonly slower: object;
  readonly heeded: (generation: number) => object;
}): RuleFront {
  const { kind, resource, rulesOf, patch } = of.rules;
  const read = ({ kube, namespace }: Place, name: string) => kube.get(resource, { namespace, name });
  const write = async ({ kube, namespace }: Place, name: string, rules: readonly object[]): Promise<void> => {
    await kube.patch(resource, { namespace, name }, patch(rules as readonly Rule[]), { as: 'merge' });
  };
  const tweaked = (rules: readonly Rule[]): readonly Rule[] =>
    rules.map((rule, at) => (at + 1 < rules.length ? rule : { ...rule, ...of.slower }));
  return {
    kind,
    resource,
    install: (kube) => installCrd(kube, of.crd),
    create: async ({ kube, namespace }, name) => {
      const body = {
        apiVersion: `${resource.group}/${resource.version}`,
        kind,
        metadata: { name, namespace, annotations: { mine: 'stays' } },
        spec: of.spec(of.ruleTo(name)),
      };
      await kube.create(resource, body, { namespace });
    },
    said: async (place, name) => {
      const { spec, metadata } = await read(place, name);
      return { spec, annotations: metadata.annotations };
    },
    split: async (place, name) => {
      const rules = rulesOf(await read(place, name)).map(of.sentTo);
      const shares = rules.flatMap((refs) =>
        refs.map((ref) => ({ name: ref.name, weight: refs.length === 1 ? 100 : (ref.weight ?? 0) })),
      );
      return shares
        .filter(({ weight }) => weight > 0)
        .map((ref) => `${ref.name} ${ref.weight}`)
        .join(', ');
    },
    backends: async (place, name, headers) => {
      const rule = of.ruleFor(rulesOf(await read(place, name)), headers);
      const refs = rule === undefined ? [] : of.sentTo(rule);
      return refs.length === 1 ? refs.map((ref) => ({ name: ref.name, weight: 1 })) : refs;
    },
    testers: of.testers,
    meddle: (place, name) => write(place, name, [of.ruleTo(name)]),
    tweak: async (place, name) => write(place, name, tweaked(rulesOf(await read(place, name)))),
    traces: () => Promise.resolve([]),
    generation: async (place, name) => (await read(place, name)).metadata.generation ?? 0,
    heed: async ({ kube, namespace }, name, generation) => {
      const status: Resource<Route> = { ...resource, name: `${resource.name}/status` };
      await kube.patch(status, { namespace, name }, { status: of.heeded(generation) }, { as: 'merge' });
    },
    tweaked: (spec) => {
      const route = { spec } as Route;
      return { ...spec, ...(patch(tweaked(rulesOf(route))) as { readonly spec: object }).spec };
    },
  };
}

export const httpRouteFront = ruleFront<HTTPRoute, HTTPRouteRule>({
  rules: httpRouteRules,
  crd: 'httproutes.gateway.networking.k8s.io',
  spec: (rule) => ({ parentRefs: [{ name: 'gateway' }], rules: [rule] }),
  ruleTo: (name) => ({ backendRefs: [{ name, port: 80, weight: 3 }] }),
  sentTo: ({ backendRefs = [] }) => backendRefs,
  // Of those that fit, the one that asks for the most headers.
  ruleFor: (rules, sent) =>
    rules
      .flatMap((rule) =>
        (rule.matches ?? [{}])
          .filter(({ headers = [] }) => headers.every(({ name, value }) => sent[name] === value))
          .map(({ headers = [] }) => ({ rule, count: headers.length })),
      )
      .toSorted((a, b) => b.count - a.count)[0]?.rule,
  testers: { match: { header: { name: 'x-canary', value: 'yes' } }, headers: { 'x-canary': 'yes' } },
  slower: { timeouts: { request: '9s' } },
  heeded: (observedGeneration) => {
    const accepted = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration };
    const conditions = [{ ...accepted, lastTransitionTime: new Date().toISOString() }];
    return { parents: [{ parentRef: { name: 'gateway' }, controllerName: 'sluice.test/gateway', conditions }] };
  },
});

export const virtualServiceFront = ruleFront<VirtualService, HttpRoute>({
  rules: virtualServiceRules,
  crd: 'virtualservices.networking.istio.io',
  spec: (rule) => ({ hosts: ['shop.test'], gateways: ['front'], http: [rule] }),
  ruleTo: (name) => ({ route: [{ destination: { host: name, port: { number: 80 } } }], timeout: '3s' }),
  sentTo: ({ route = [] }) =>
    route.map(({ destination, weight }) => ({ name: destination.host, ...(weight && { weight }) })),
  // The first that fits.
  ruleFor: (rules, sent) =>
    rules.find(({ match = [] }) => {
      const fits = ({ headers = {} }: (typeof match)[number]): boolean =>
        Object.entries(headers).every(([name, { exact, regex }]) =>
          exact === undefined ? new RegExp(`^(?:${regex})$`).test(sent[name] ?? '') : sent[name] === exact,
        );
      return match.length === 0 || match.some(fits);
    }),
  testers: { match: { cookie: { name: 'group', value: 'beta' } }, headers: { cookie: 'a=1; group=beta' } },
  slower: { timeout: '9s' },
  heeded: (observedGeneration) => ({ observedGeneration }),
});

export const ruleFronts: readonly RuleFront[] = [httpRouteFront, virtualServiceFront];

const nginx = 'nginx.ingress.kubernetes.io';

/** An Ingress of the class of ingress-nginx; what a release does is all in the second one beside it. */
export const ingressFront: Front = {
  kind: 'Ingress',
  install: async (kube) => {
    const spec = { controller: 'k8s.io/ingress-nginx' };
    const body = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'nginx' }, spec };
    await kube.create(ingressClasses, body, {}).catch(unlessThere);
  },
  create: async ({ kube, namespace }, name) => {
    const backend = { service: { name, port: { number: 80 } } };
    const paths = [{ path: '/', pathType: 'Prefix', backend }];
    const spec = { ingressClassName: 'nginx', rules: [{ host: `${name}.${namespace}.test`, http: { paths } }] };
    const metadata = { name, namespace, annotations: { [`${nginx}/proxy-body-size`]: '8m' } };
    await kube.create(
      ingresses,
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata, spec },
      { namespace },
    );
  },
  // It is never written: not even its resourceVersion is another.
  said: ({ kube, namespace }, name) => kube.get(ingresses, { namespace, name }),
  split: async ({ kube, namespace }, name) => {
    const canary = `${name}-canary`;
    const beside = await kube.find(ingresses, { namespace, name: canary });
    const { [`${nginx}/canary-weight`]: text = '0', ...others } = beside?.metadata.annotations ?? {};
    const isMatched = Object.keys(others).some((one) => one.startsWith(`${nginx}/canary-by-`));
    const weight = Number(text);
    return [
      ...(isMatched ? [`${canary} 100`] : []),
      ...(weight < 100 ? [`${name} ${100 - weight}`] : []),
      ...(weight > 0 ? [`${canary} ${weight}`] : []),
    ].join(', ');
  },
  // https://github.com/kubernetes/ingress-nginx/blob/main/rootfs/etc/nginx/lua/balancer.lua: header, cookie, weight.
  backends: async ({ kube, namespace }, name, headers) => {
    const canary = `${name}-canary`;
    const says = (await kube.find(ingresses, { namespace, name: canary }))?.metadata.annotations ?? {};
    const { [`${nginx}/canary-by-header`]: header, [`${nginx}/canary-by-cookie`]: cookie } = says;
    const isHeader = header !== undefined && headers[header] === says[`${nginx}/canary-by-header-value`];
    const isCookie = (headers['cookie'] ?? '').split('; ').includes(`${cookie}=always`);
    if (isHeader || isCookie) return [{ name: canary, weight: 1 }];
    const weight = Number(says[`${nginx}/canary-weight`] ?? 0);
    return [
      { name, weight: 100 - weight },
      { name: canary, weight },
    ];
  },
  testers: { match: { cookie: { name: 'beta', value: 'always' } }, headers: { cookie: 'beta=always' } },
  meddle: async ({ kube, namespace }, name) => {
    const annotations = { [`${nginx}/canary-weight`]: '0' };
    await kube.patch(ingresses, { namespace, name: `${name}-canary` }, { metadata: { annotations } }, { as: 'merge' });
  },
  traces: async ({ kube, namespace }, name) =>
    (await kube.list(ingresses, { namespace })).items
      .map(({ metadata }) => metadata.name)
      .filter((one) => one.startsWith(`${name}-`)),
  generation: async ({ kube, namespace }, name) =>
    (await kube.get(ingresses, { namespace, name })).metadata.generation ?? 0,
};

export const fronts: readonly Front[] = [...ruleFronts, ingressFront];
