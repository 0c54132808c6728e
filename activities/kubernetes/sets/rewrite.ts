import type { Connection } from '../types.ts';
import type { PodTemplate } from '../wire.ts';
import type { AnySet, SetKind, Strategy } from './kind.ts';

/** What is written of a set; null takes an annotation away. */
interface Change {
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly spec?: {
    readonly template?: PodTemplate;
    readonly updateStrategy?: Strategy;
    readonly revisionHistoryLimit?: number | undefined;
  };
}

/**
 * One write that fails if anything changed the set since it was read; each field is replaced as a whole. A JSON patch:
 * the API server knows no strategic merge of custom resources.
 */
export async function rewrite(
  kube: Connection,
  kind: SetKind,
  { metadata }: AnySet,
  { annotations, spec = {} }: Change,
  options: { readonly dryRun?: boolean } = {},
): Promise<void> {
  const { namespace = '', name, resourceVersion } = metadata;
  const merged = Object.entries({ ...metadata.annotations, ...annotations }).filter(([, value]) => value !== null);
  const fields = Object.entries(spec).filter(([, value]) => value !== undefined);
  const body = [
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    ...(annotations ? [{ op: 'add', path: '/metadata/annotations', value: Object.fromEntries(merged) }] : []),
    ...fields.map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value })),
  ];
  await kube.patch(kind.resource, { namespace, name }, body, { as: 'json', ...options });
}
