import type { Match, Split } from '../../workflows/contract/canary/plan.ts';
import type { Ingress } from '../kubernetes/wire.ts';
import type { Sides } from './router.ts';

/**
 * The canaries of ingress-nginx: a second Ingress with the same hosts and paths, whose annotations say who comes by it.
 * https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/#canary
 */
const prefix = 'nginx.ingress.kubernetes.io/';
export const classAnnotation = 'kubernetes.io/ingress.class';

/** Those that an Ingress that is a canary has of its own; all others are those of the one beside it. */
const copied = [classAnnotation, `${prefix}load-balance`, `${prefix}upstream-hash-by`];
const isCopied = (name: string): boolean => copied.some((one) => name === one || name.startsWith(`${one}-`));
/** Whether an annotation says how callers are split, or who serves them. */
export const isNginx = (name: string): boolean => name.startsWith(prefix) || name === classAnnotation;

type Annotations = Readonly<Record<string, string>>;
type IngressSpec = NonNullable<Ingress['spec']>;
type Rule = NonNullable<IngressSpec['rules']>[number];

export interface CanaryIngress {
  readonly annotations: Annotations;
  readonly spec: IngressSpec;
}

/** The second Ingress beside `stable`, so that callers are split so; without rules where none points to the Service. Pure. */
export function canaryIngress({ metadata, spec }: Ingress, sides: Sides, { weight, match }: Split): CanaryIngress {
  const { ingressClassName, rules = [] } = spec;
  const own = Object.entries(metadata.annotations ?? {}).filter(([name]) => isCopied(name));
  return {
    annotations: {
      ...Object.fromEntries(own),
      [`${prefix}canary`]: 'true',
      [`${prefix}canary-weight`]: String(weight),
      ...(match && matchAnnotations(match)),
    },
    spec: {
      ...(ingressClassName !== undefined && { ingressClassName }),
      rules: rules.flatMap((rule) => ruleTo(rule, sides)),
    },
  };
}

/** As far as it points to the stable Service, to the canary's. */
function ruleTo(rule: Rule, { service, canary }: Sides): readonly Rule[] {
  const paths = (rule.http?.paths ?? []).flatMap((path) => {
    const { service: to } = path.backend;
    return to?.name === service ? [{ ...path, backend: { ...path.backend, service: { ...to, name: canary } } }] : [];
  });
  return paths.length === 0 ? [] : [{ ...rule, http: { ...rule.http, paths } }];
}

const matchAnnotations = (match: Match): Annotations =>
  'header' in match
    ? {
        [`${prefix}canary-by-header`]: match.header.name,
        [`${prefix}canary-by-header-value`]: match.header.value,
      }
    : { [`${prefix}canary-by-cookie`]: match.cookie.name };

/** As Go reads a boolean. */
export const isNginxCanary = ({ metadata }: Ingress): boolean =>
  ['1', 't', 'T', 'true', 'True', 'TRUE'].includes(metadata.annotations?.[`${prefix}canary`] ?? '');

/** Who comes by it, as its annotations say. */
export function sentBy({ metadata }: Ingress): { readonly weight: number; readonly match: boolean } {
  const { [`${prefix}canary-weight`]: weight = '0', ...others } = metadata.annotations ?? {};
  return { weight: Number(weight), match: Object.keys(others).some((name) => name.startsWith(`${prefix}canary-by-`)) };
}

/** Each `host/path` that it sends to that Service; undefined: to whichever. */
export const placesOf = ({ spec: { rules = [] } }: Ingress, service?: string): readonly string[] =>
  rules.flatMap(({ host = '*', http }) =>
    (http?.paths ?? [])
      .filter(({ backend }) => service === undefined || backend.service?.name === service)
      .map(({ path = '/' }) => `${host}${path}`),
  );

const servicesOf = ({ spec: { rules = [], defaultBackend } }: Ingress): readonly string[] =>
  [defaultBackend, ...rules.flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend))].flatMap(
    (backend) => (backend?.service === undefined ? [] : [backend.service.name]),
  );

/**
 * Why callers of `stable` cannot be split in each of these ways, after its name; undefined where they can. `all`: the Ingresses
 * of its namespace but the one that would be made. Pure.
 */
export function unfit(
  stable: Ingress,
  all: readonly Ingress[],
  sides: Sides,
  splits: readonly Split[],
): string | undefined {
  const { service } = sides;
  if (isNginxCanary(stable)) return 'is a canary of ingress-nginx itself: name the Ingress beside which it stands';
  if (placesOf(stable, service).length === 0) {
    const names = [...new Set(servicesOf(stable))].join(', ');
    return `has no path that points to Service ${service}; it points to: ${names || 'nothing'}`;
  }
  // ingress-nginx keeps one canary for a Service, wherever that is called.
  const callers = all.filter((one) => !isNginxCanary(one) && placesOf(one, service).length > 0);
  const places = new Set(callers.flatMap((one) => placesOf(one, service)));
  for (const one of all.filter(isNginxCanary)) {
    const taken = placesOf(one).find((place) => places.has(place));
    if (taken !== undefined) {
      return `has a canary already: Ingress ${one.metadata.name}, for ${taken}. ingress-nginx heeds one only`;
    }
  }
  const sticky = callers.find(({ metadata }) => metadata.annotations?.[`${prefix}affinity`] !== undefined);
  if (sticky !== undefined) {
    return `cannot split callers whom ${sticky.metadata.name} keeps at their pods (annotation ${prefix}affinity): they would stay, whatever the weight is`;
  }
  return splits.map(({ match }) => match && unknown(match)).find((why) => why !== undefined);
}

function unknown(match: Match): string | undefined {
  if ('header' in match) {
    const { name } = match.header;
    return name.includes('_')
      ? `cannot tell callers by header ${name}: nginx drops those with "_" in their names`
      : undefined;
  }
  const { name, value } = match.cookie;
  return value === 'always'
    ? undefined
    : `can tell callers by cookie ${name} only where its value is "always", not "${value}"`;
}
