import type { SpecOverride } from '../sdk/spec/overrides.ts';
import { parseWorkload } from '../sdk/target.ts';
import type { TargetFlags } from './options.ts';

/** The field at `path` (`traffic.quiet`) as the flag `from` sets it, for the schema to judge; nothing without the flag. */
export const setField = (from: string, path: string, value: unknown): readonly SpecOverride[] =>
  value === undefined ? [] : [{ from, path: path.split('.'), value }];

/**
 * Whom a document is for: the fields that every kind of document has. `words`: the workload, as it was named; judged as
 * where no document is made of it. @throws USAGE
 */
export function setTarget(
  words: readonly string[],
  { namespace, cluster, name }: TargetFlags & { readonly name?: string },
): readonly SpecOverride[] {
  if (words.length > 0) parseWorkload(words, namespace ?? 'default', cluster ?? 'local');
  return [
    ...setField('the workload', 'target.workload', words.length === 0 ? undefined : words.join('/')),
    ...setField('--cluster', 'target.cluster', cluster),
    ...setField('--namespace', 'metadata.namespace', namespace),
    ...setField('--name', 'metadata.name', name),
  ];
}
