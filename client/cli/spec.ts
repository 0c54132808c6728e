import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { SpecOverride } from '../sdk/spec/overrides.ts';
import type { SpecSource } from '../sdk/specFile.ts';
import type { Session } from './session.ts';
import { overridesOf, type SpecFlags } from './specFlags.ts';

/**
 * The spec that a command line means: its file, if it names one, with its flags set over it. zod and yaml are loaded only here.
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID, MODE_UNSUPPORTED
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

/** What a release goes by that follows another one. */
export interface Before {
  readonly target: Target;
  /** The spec of the release before; undefined: none is known, and the defaults hold. */
  readonly spec: unknown;
  /** What it changes, spelled as it is to be written; undefined: what the spec says. */
  readonly images?: ReleaseSpec['change']['images'];
}

/**
 * The spec of a release in the manner of an earlier one: a file and flags are set over that one's spec.
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID
 */
export async function specAfter(session: Session, flags: SpecFlags, before: Before): Promise<ReleaseSpec> {
  const { target, spec, images } = before;
  const fixed = (path: string, value: unknown): SpecOverride => ({
    path: path.split('.'),
    value,
    from: 'the workload',
  });
  return read(session, flags, {
    ...(spec !== undefined && { document: { text: JSON.stringify(spec), file: 'the spec of the last release' } }),
    overrides: [
      ...overridesOf([], flags),
      fixed('target.workload', workloadName(target)),
      fixed('target.cluster', target.cluster),
      fixed('metadata.namespace', target.namespace),
      // Another spelling would be another template.
      ...(images === undefined ? [] : [{ path: ['change'], value: { images, pin: 'Tag' }, from: 'the revision' }]),
    ],
  });
}

async function read({ io, defaults }: Session, { file, gates }: SpecFlags, source: SpecSource): Promise<ReleaseSpec> {
  const [{ readSpec }, { readSpecText }, { withoutGates }] = await Promise.all([
    import('../sdk/specFile.ts'),
    import('../sdk/spec/specText.ts'),
    import('../sdk/spec/withoutGates.ts'),
  ]);
  const spec = readSpec({
    ...source,
    defaults: [{ path: ['target', 'cluster'], value: defaults.cluster, from: '$SLUICE_CLUSTER' }],
    ...(file !== undefined && {
      document:
        file === '-'
          ? { text: await io.readInput(), file: 'standard input' }
          : { text: await readSpecText(file), file },
    }),
  });
  return gates === false ? withoutGates(spec) : spec;
}
