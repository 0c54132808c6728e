import type { Match, Split } from '../../workflows/contract/canary/plan.ts';
import type { Resource } from '../kubernetes/resources.ts';
import type { Sides } from './router.ts';
import { type Routing, type RuleKind, ruleRouter } from './rules.ts';

/** gateway.networking.k8s.io/v1, as much of it as is looked at; whatever else a rule has is kept. */
export interface HTTPRoute extends Routing {
  readonly spec: { readonly rules?: readonly HTTPRouteRule[] };
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

  split: (rules, sides, split) =>
    rules.flatMap((rule) => {
      const stable = rule.backendRefs?.find((ref) => pointsTo(ref, sides.service, sides));
      if (stable === undefined) return [rule];
      const canary = { ...stable, name: sides.canary };
      return [...matched(rule, canary, split.match), weighted(rule, stable, canary, split)];
    }),

  strip: (rules, sides, before) => {
    const weight = before
      ?.flatMap(({ backendRefs = [] }) => backendRefs)
      .find((ref) => pointsTo(ref, sides.service, sides))?.weight;
    return rules.flatMap((rule) => {
      const { backendRefs = [] } = rule;
      const others = backendRefs.filter((ref) => !pointsTo(ref, sides.canary, sides));
      if (others.length === backendRefs.length) return [rule];
      // A rule for callers who match has nobody else.
      if (others.length === 0) return [];
      const back = (ref: BackendRef): BackendRef =>
        pointsTo(ref, sides.service, sides) ? { ...ref, weight: weight ?? 1 } : ref;
      return [{ ...rule, backendRefs: others.map(back) }];
    });
  },

  unfit: (rules, sides, splits) => {
    const refs = rules.map(({ backendRefs = [] }) => backendRefs);
    const ours = refs.filter((some) => some.some((ref) => pointsTo(ref, sides.service, sides)));
    if (ours.length === 0) {
      const names = [...new Set(refs.flat().map(({ name }) => name))].join(', ');
      return `has no rule that points to Service ${sides.service}; it points to: ${names || 'nothing'}`;
    }
    const shared = ours.find((some) => some.length > 1)?.find((ref) => !pointsTo(ref, sides.service, sides));
    if (shared !== undefined) {
      return `has a rule that splits callers between Service ${sides.service} and ${shared.name} already`;
    }
    if (refs.flat().some((ref) => pointsTo(ref, sides.canary, sides)))
      return `points to Service ${sides.canary} already`;
    const byCookie = splits.some(({ match }) => match !== undefined && 'cookie' in match);
    return byCookie ? 'knows no cookies: callers can be told by a header' : undefined;
  },
};

/** Of two rules that fit a request the one with more headers wins, whichever comes first. */
function matched(rule: HTTPRouteRule, canary: BackendRef, match: Match | undefined): readonly HTTPRouteRule[] {
  if (match === undefined || !('header' in match)) return [];
  const header = { type: 'Exact', ...match.header };
  const { name: _, matches = [{}], ...rest } = rule;
  const also = matches.map((one) => ({ ...one, headers: [...(one.headers ?? []), header] }));
  return [{ ...rest, matches: also, backendRefs: [{ ...canary, weight: 100 }] }];
}

const weighted = (rule: HTTPRouteRule, stable: BackendRef, canary: BackendRef, { weight }: Split): HTTPRouteRule =>
  weight === 0
    ? rule
    : {
        ...rule,
        backendRefs: [
          { ...stable, weight: 100 - weight },
          { ...canary, weight },
        ],
      };

export const httpRoute = ruleRouter(httpRouteRules);
