import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { releaseSpecSchema } from '../../workflows/contract/spec.schema.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { Session } from './session.ts';
import { type Override, overridesOf, type SpecFlags, withoutApprovals } from './specFlags.ts';

export async function specOf(session: Session, words: readonly string[], flags: SpecFlags): Promise<ReleaseSpec> {
  const text =
    flags.file === undefined
      ? '{}'
      : flags.file === '-'
        ? await session.io.readInput()
        : await readFile(flags.file, 'utf8');
  const overrides = overridesOf(words, flags);
  const document = structuredClone(parse(text) as Record<string, unknown>);
  for (const o of overrides) setIn(document, o);
  if (
    !overrides.some((o) => o.path.join('.') === 'target.cluster') &&
    (document['target'] as { cluster?: unknown } | undefined)?.cluster === undefined
  )
    setIn(document, { path: ['target', 'cluster'], value: session.defaults.cluster, from: '' });
  if (withoutApprovals(flags))
    setIn(document, { path: ['gates', 'afterGray'], value: { bake: '0s' }, from: '--no-approval' });
  const result = releaseSpecSchema.safeParse(document);
  if (!result.success)
    throw new SluiceError('SPEC_INVALID', undefined, {
      details: { issues: result.error.issues.map((i) => ({ field: i.path.join('.'), message: i.message })) },
    });
  return result.data;
}

function setIn(document: Record<string, unknown>, { path, value }: Override): void {
  let at = document;
  for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>;
  at[path.at(-1) ?? ''] = value;
}
