import { createHash } from 'node:crypto';
import { marks } from '../../workflows/contract/names.ts';
import type { Images } from '../../workflows/contract/observation.ts';
import type { Deployment, PodTemplate } from './wire.ts';

/** Label by which each ReplicaSet tells its pods from those of others; the Deployment controller leaves it out when it compares. */
export const hashLabel = 'pod-template-hash';

/** Images of the containers, init containers left out. */
export const templateImages = (template: PodTemplate): Images =>
  Object.fromEntries((template.spec?.containers ?? []).map(({ name, image }) => [name, image ?? '']));

/** `template` with other images for some containers. */
export function withImages(template: PodTemplate, images: Images): PodTemplate {
  if (!template.spec) return template;
  const containers = template.spec.containers.map((container) => {
    const image = images[container.name];
    return image === undefined ? container : { ...container, image };
  });
  return { ...template, spec: { ...template.spec, containers } };
}

/**
 * Whether a Deployment's controller takes `a` for `b` (its EqualIgnoreHash): equal in everything but the
 * pod-template-hash. `except`: labels that are left out besides.
 */
export const sameTemplate = (a: PodTemplate, b: PodTemplate, except: readonly string[] = []): boolean =>
  difference(a, b, except) === undefined;

/** Path and values of the first difference, for people: `spec.containers[0].env: … instead of …`. */
export function difference(is: PodTemplate, expected: PodTemplate, except: readonly string[] = []): string | undefined {
  const left = [hashLabel, ...except];
  return differ(withoutLabels(is, left), withoutLabels(expected, left), '');
}

function withoutLabels(template: PodTemplate, left: readonly string[]): unknown {
  const labels = Object.entries(template.metadata?.labels ?? {}).filter(([key]) => !left.includes(key));
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } };
}

/** As the controller's semantic comparison: null, undefined and empty are equal. */
function differ(is: unknown, expected: unknown, path: string): string | undefined {
  if (isEmpty(is) && isEmpty(expected)) return undefined;
  if (Array.isArray(is) && Array.isArray(expected)) {
    for (let index = 0; index < Math.max(is.length, expected.length); index += 1) {
      const found = differ(is[index], expected[index], `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (isObject(is) && isObject(expected)) {
    for (const key of new Set([...Object.keys(is), ...Object.keys(expected)])) {
      const found = differ(is[key], expected[key], path === '' ? key : `${path}.${key}`);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (is === expected) return undefined;
  return `${path}: ${shown(path, is)} instead of ${shown(path, expected)}`;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);

/** Values of environment variables and annotations may be secrets: only what is harmless is shown. */
function shown(path: string, value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (/\.(image|replicas|name)$|\.labels\./.test(path)) return JSON.stringify(value);
  return typeof value === 'object' ? 'something' : 'another value';
}

/** What two templates differ in besides the images of containers that both have, for people: `env of app`. */
export function differences(from: PodTemplate, to: PodTemplate): readonly string[] {
  const [a, b] = [from.spec, to.spec];
  const keys = [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])] as (keyof NonNullable<typeof a>)[];
  const fields = keys.filter((key) => key !== 'containers' && differ(a?.[key], b?.[key], key) !== undefined);
  return [
    ...inContainers(a?.containers ?? [], b?.containers ?? []),
    ...fields,
    ...inMap('label', from.metadata?.labels, to.metadata?.labels),
    ...inMap('annotation', from.metadata?.annotations, to.metadata?.annotations),
  ];
}

type Containers = NonNullable<PodTemplate['spec']>['containers'];

function inContainers(from: Containers, to: Containers): readonly string[] {
  const before = new Map(from.map((container) => [container.name, container]));
  const after = new Set(to.map(({ name }) => name));
  return [
    ...to.flatMap((container) => {
      const { name } = container;
      const old = before.get(name);
      if (old === undefined) return [`container ${name}, which is new`];
      const keys = [...new Set([...Object.keys(old), ...Object.keys(container)])] as (keyof typeof old)[];
      const differing = keys.filter((key) => key !== 'image' && differ(old[key], container[key], key) !== undefined);
      return differing.map((key) => `${key} of ${name}`);
    }),
    ...from.flatMap(({ name }) => (after.has(name) ? [] : [`container ${name}, which goes`])),
  ];
}

function inMap(what: string, from: Readonly<Record<string, string>> = {}, to: Readonly<Record<string, string>> = {}) {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys].filter((key) => key !== hashLabel && from[key] !== to[key]).map((key) => `${what} ${key}`);
}

/** Tells templates apart; what we and the Deployment's controller add is left out. */
export const templateFingerprint = (template: PodTemplate): string =>
  createHash('sha256')
    .update(canonical(withoutOurs(template)))
    .digest('hex')
    .slice(0, 16);

/** The template without what its controller, an open way out of traffic and a batch that makes pods anew add to it. */
export function withoutOurs(template: PodTemplate): PodTemplate {
  const {
    [hashLabel]: _hash,
    [marks.serving]: _serving,
    [marks.podBatch]: _batch,
    ...labels
  } = template.metadata?.labels ?? {};
  const { [marks.release]: _release, [marks.template]: _mark, ...annotations } = template.metadata?.annotations ?? {};
  const { annotations: _, ...metadata } = template.metadata ?? {};
  const kept = Object.keys(annotations).length > 0 ? { annotations } : {};
  return { ...template, metadata: { ...metadata, labels, ...kept } };
}

/** The same text for the same value, whatever the order of its keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

/** A JSON patch (RFC 6902) that sets the template, unless somebody changed the object since it was read. */
export const templatePatch = (
  { resourceVersion }: Pick<Deployment['metadata'], 'resourceVersion'>,
  template: PodTemplate,
) => [
  { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
  { op: 'replace', path: '/spec/template', value: template },
];
