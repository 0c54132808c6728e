import { SluiceError } from '../../workflows/contract/errors.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import type { Session } from './session.ts';
import { overridesOf, type SpecFlags } from './specFlags.ts';

/**
 * The spec that a command line means: its file, if it names one, with its flags set over it. zod and yaml are loaded only here.
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID, MODE_UNSUPPORTED
 */
export async function specOf(
  { io, defaults }: Session,
  words: readonly string[],
  flags: SpecFlags,
): Promise<ReleaseSpec> {
  const overrides = overridesOf(words, flags);
  if (flags.file === undefined && overrides.length === 0) {
    throw new SluiceError('USAGE', 'Neither a spec nor a workload is named.', {
      next: 'Write `-f release.yaml`, or `deployment/checkout --image app=registry.local/checkout:v2`.',
    });
  }
  const [{ readSpec }, { readSpecText }] = await Promise.all([
    import('../sdk/specFile.ts'),
    import('../sdk/spec/specText.ts'),
  ]);
  const { file } = flags;
  return readSpec({
    overrides,
    defaults: [{ path: ['target', 'cluster'], value: defaults.cluster, from: '$SLUICE_CLUSTER' }],
    ...(file !== undefined && {
      document:
        file === '-'
          ? { text: await io.readInput(), file: 'standard input' }
          : { text: await readSpecText(file), file },
    }),
  });
}
