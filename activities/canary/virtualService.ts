import type { Match } from '../../workflows/contract/canary/plan.ts';
import type { Resource } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Sides } from './router.ts';
import { type RuleKind, ruleRouter } from './rules.ts';
import { noneToSee, type Routing } from './there.ts';
import { weightedRules } from './weighted.ts';

/** networking.istio.io/v1, as much of it as is looked at; whatever else a route has is kept. */
export interface VirtualService extends Routing {
  readonly spec: { readonly http?: readonly HttpRoute[] };
  /** Only where istiod is told to write it. */
  readonly status?: { readonly observedGeneration?: number | string };
}

export interface HttpRoute {
  readonly name?: string;
  readonly match?: readonly HttpMatch[];
  /** None in one that redirects, answers by itself, or delegates. */
  readonly route?: readonly Destination[];
}

interface HttpMatch {
  readonly headers?: Readonly<Record<string, StringMatch>>;
}

interface StringMatch {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

interface Destination {
  readonly destination: { readonly host: string; readonly subset?: string };
  readonly weight?: number;
}

export const virtualServices: Resource<VirtualService> = {
  group: 'networking.istio.io',
  version: 'v1',
  name: 'virtualservices',
  namespaced: true,
  missing: 'ROUTE_NOT_FOUND',
};

interface DestinationRule extends Routing {
  readonly spec: { readonly host: string; readonly trafficPolicy?: object };
}

const destinationRules: Resource<DestinationRule> = {
  group: virtualServices.group,
  version: virtualServices.version,
  name: 'destinationrules',
  namespaced: true,
  missing: 'ROUTE_NOT_FOUND',
};

/**
 * Istio takes a name without a dot for that of a Service of the same namespace, and any other as it is.
 * https://istio.io/latest/docs/reference/config/networking/virtual-service/#Destination
 */
const isHostOf = (host: string, name: string, { namespace }: Sides): boolean =>
  host === name || host.startsWith(`${name}.${namespace}.svc.`);

export const virtualServiceRules: RuleKind<VirtualService, HttpRoute> = {
  kind: 'VirtualService',
  resource: virtualServices,
  rulesOf: ({ spec }) => spec.http ?? [],
  patch: (http) => ({ spec: { http } }),
  ...weightedRules<HttpRoute, Destination>({
    refsOf: ({ route = [] }) => route,
    withRefs: (rule, route) => ({ ...rule, route }),
    pointsTo: ({ destination }, name, sides) => isHostOf(destination.host, name, sides),
    toCanary: (stable, { service, canary }) => ({
      ...stable,
      destination: { ...stable.destination, host: canary + stable.destination.host.slice(service.length) },
    }),
    nameOf: ({ destination }) => destination.host,

    // The first that fits a request has it, so what is for fewer callers comes first.
    only: (rule, match) => {
      const { name: _, ...rest } = rule;
      const { name, is } = conditionOf(match);
      return { ...rest, match: matchesOf(rest).map((one) => ({ ...one, headers: { ...one.headers, [name]: is } })) };
    },

    unfit: (rules, splits, { service }) => {
      const subset = rules
        .flatMap(({ route = [] }) => route)
        .find(({ destination }) => destination.subset !== undefined);
      if (subset !== undefined) {
        return `sends callers to subset ${subset.destination.subset} of Service ${service}: a subset chooses pods by their labels, and new pods may have others. Let it point to the Service as a whole`;
      }
      for (const { match } of splits) {
        if (match === undefined) continue;
        const { name } = conditionOf(match);
        const taken = rules.flatMap(matchesOf).some(({ headers = {} }) => headers[name] !== undefined);
        if (taken) return `has a route that asks for header ${name} itself, and cannot ask for two values of it`;
      }
      return undefined;
    },
  }),

  lag: ({ metadata: { generation = 0 }, status }) => {
    const seen = Number(status?.observedGeneration ?? generation);
    return seen < generation ? `Istio has seen generation ${seen} of it only, not ${generation}` : undefined;
  },

  besides: {
    access: [{ group: destinationRules.group, resource: destinationRules.name, verb: 'list' }],
    unfit: ungoverned,
  },
};

/** TLS, time-outs and limits of the one Service would not hold for the other one, and nothing but failing calls would tell. */
async function ungoverned(kube: Connection, sides: Sides): Promise<string | undefined> {
  const { items } = await kube.list(destinationRules, { namespace: sides.namespace }).catch(noneToSee);
  const policies = items.filter(({ spec }) => spec.trafficPolicy !== undefined);
  const ruleOf = (name: string) => policies.find(({ spec }) => isHostOf(spec.host, name, sides));
  const rule = ruleOf(sides.service);
  if (rule === undefined || ruleOf(sides.canary) !== undefined) return undefined;
  return `would send callers past the trafficPolicy of DestinationRule ${rule.metadata.name}: write one for host ${sides.canary}, too`;
}

const matchesOf = ({ match = [] }: HttpRoute): readonly HttpMatch[] => (match.length === 0 ? [{}] : match);

/** Istio knows headers by lower-case names, and a cookie as a part of one. RE2, of the whole value. */
function conditionOf(match: Match): { readonly name: string; readonly is: StringMatch } {
  if ('header' in match) return { name: match.header.name.toLowerCase(), is: { exact: match.header.value } };
  const { name, value } = match.cookie;
  return { name: 'cookie', is: { regex: `^(.*; *)?${name}=${value.replaceAll('.', String.raw`\.`)}(;.*)?$` } };
}

export const virtualService = ruleRouter(virtualServiceRules);
