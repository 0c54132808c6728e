import type { SpecOverride } from '../sdk/spec/overrides.ts';
import type { TargetFlags } from './options.ts';

/** The field at `path` (`traffic.quiet`) as the flag `from` sets it, for the schema to judge; nothing without the flag. */
export const setField = (from: string, path: string, value: unknown): readonly SpecOverride[] =>
  value === undefined ? [] : [{ from, path: path.split('.'), value }];

/** Whom a document is for: the fields that every kind of document has. `words`: the workload, as it was named. */
export const setTarget = (
  words: readonly string[],
  flags: TargetFlags & { readonly name?: string },
): readonly SpecOverride[] => [
  ...setField('the workload', 'target.workload', words.length === 0 ? undefined : words.join('/')),
  ...setField('--cluster', 'target.cluster', flags.cluster),
  ...setField('--namespace', 'metadata.namespace', flags.namespace),
  ...setField('--name', 'metadata.name', flags.name),
];
