import type { Resource } from '../kubernetes/resources.ts';
import type { Sides } from './router.ts';
import { type RuleKind, ruleRouter } from './rules.ts';
import type { Routing } from './there.ts';
import { weightedRules } from './weighted.ts';

/** gateway.networking.k8s.io/v1, as much of it as is looked at; whatever else a rule has is kept. */
export interface HTTPRoute extends Routing {
  readonly spec: { readonly parentRefs?: readonly ParentRef[]; readonly rules?: readonly HTTPRouteRule[] };
  /** What each parent's controller says of it. */
  readonly status?: {
    readonly parents?: readonly { readonly parentRef: ParentRef; readonly conditions?: readonly Condition[] }[];
  };
}

interface ParentRef {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
  readonly reason?: string;
  readonly message?: string;
}

export interface HTTPRouteRule {
  readonly name?: string;
  readonly matches?: readonly HTTPRouteMatch[];
  readonly backendRefs?: readonly BackendRef[];
}

interface HTTPRouteMatch {
  readonly headers?: readonly { readonly type?: string; readonly name: string; readonly value: string }[];
}

interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly weight?: number;
}

export const httpRoutes: Resource<HTTPRoute> = {
  group: 'gateway.networking.k8s.io',
  version: 'v1',
  name: 'httproutes',
  namespaced: true,
  missing: 'ROUTE_NOT_FOUND',
};

const pointsTo = (ref: BackendRef, name: string, { namespace }: Sides): boolean =>
  ref.name === name &&
  (ref.kind ?? 'Service') === 'Service' &&
  (ref.group ?? '') === '' &&
  (ref.namespace ?? namespace) === namespace;

export const httpRouteRules: RuleKind<HTTPRoute, HTTPRouteRule> = {
  kind: 'HTTPRoute',
  resource: httpRoutes,
  rulesOf: ({ spec }) => spec.rules ?? [],
  patch: (rules) => ({ spec: { rules } }),
  ...weightedRules<HTTPRouteRule, BackendRef>({
    refsOf: ({ backendRefs = [] }) => backendRefs,
    withRefs: (rule, backendRefs) => ({ ...rule, backendRefs }),
    pointsTo,
    toCanary: (stable, { canary }) => ({ ...stable, name: canary }),
    nameOf: ({ name }) => name,

    // Of two rules that fit a request the one with more headers wins, whichever comes first.
    only: (rule, match) => {
      const { name: _, matches = [{}], ...rest } = rule;
      const header = 'header' in match ? [{ type: 'Exact', ...match.header }] : [];
      return { ...rest, matches: matches.map((one) => ({ ...one, headers: [...(one.headers ?? []), ...header] })) };
    },
    unfit: (_rules, splits) =>
      splits.some(({ match }) => match !== undefined && 'cookie' in match)
        ? 'knows no cookies: callers can be told by a header'
        : undefined,
  }),
  lag,
};

/**
 * What a parent of the route says of it that is not as it should be, as its conditions show.
 * https://gateway-api.sigs.k8s.io/reference/spec/#routeparentstatus
 */
function lag({ metadata, spec, status }: HTTPRoute): string | undefined {
  const { generation = 0, namespace } = metadata;
  const keyOf = ({ kind = 'Gateway', name, namespace: at = namespace, sectionName, port }: ParentRef): string =>
    JSON.stringify([kind, name, at, sectionName, port]);
  const asked = new Set((spec.parentRefs ?? []).map(keyOf));
  for (const { parentRef, conditions = [] } of status?.parents ?? []) {
    // Of one that the route does not name any more nobody takes the status away.
    if (!asked.has(keyOf(parentRef))) continue;
    const named = `${parentRef.kind ?? 'Gateway'} ${parentRef.name}`;
    const heeded = conditions.filter(({ type }) => type === 'Accepted' || type === 'ResolvedRefs');
    const late = heeded.find(({ observedGeneration = generation }) => observedGeneration < generation);
    if (late) return `${named} has seen generation ${late.observedGeneration} of it only, not ${generation}`;
    const bad = heeded.find(({ status: is }) => is === 'False');
    if (bad) return `${named} says: not ${bad.type}: ${[bad.reason, bad.message].filter(Boolean).join(', ')}`;
  }
  return undefined;
}

export const httpRoute = ruleRouter(httpRouteRules);
