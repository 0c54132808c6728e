import { SluiceError } from '../../workflows/contract/errors.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { type Before, followUp } from '../sdk/spec/followUp.ts';
import type { SpecSource } from '../sdk/specFile.ts';
import type { Session } from './session.ts';
import { documentOf } from './specDocument.ts';
import { overridesOf, type SpecFlags } from './specFlags.ts';

/**
 * The spec that a command line means: its file, if it names one, with its flags set over it. zod and yaml are loaded only here.
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID
 */
export async function specOf(session: Session, words: readonly string[], flags: SpecFlags): Promise<ReleaseSpec> {
  const overrides = overridesOf(words, flags);
  if (flags.file === undefined && overrides.length === 0) {
    throw new SluiceError('USAGE', 'Neither a spec nor a workload is named.', {
      next: 'Write `-f release.yaml`, or `deployment/checkout --image app=registry.local/checkout:v2`.',
    });
  }
  return read(session, flags, { overrides });
}

/**
 * The spec of a release in the manner of an earlier one, see {@link followUp}: a file and flags are set over that one's.
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID
 */
export async function specAfter(session: Session, flags: SpecFlags, before: Before): Promise<ReleaseSpec> {
  return read(session, flags, followUp(before, overridesOf([], flags)));
}

async function read(session: Session, { file, gates }: SpecFlags, source: SpecSource): Promise<ReleaseSpec> {
  const [{ readSpec }, { withoutGates }] = await Promise.all([
    import('../sdk/specFile.ts'),
    import('../sdk/spec/withoutGates.ts'),
  ]);
  const spec = readSpec({
    ...source,
    defaults: [{ path: ['target', 'cluster'], value: session.defaults.cluster, from: '$SLUICE_CLUSTER' }],
    ...(file !== undefined && { document: await documentOf(session, file) }),
  });
  return gates === false ? withoutGates(spec) : spec;
}
