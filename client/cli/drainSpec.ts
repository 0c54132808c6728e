import type { DrainSpec } from '../../workflows/contract/drain/spec.schema.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Sluice } from '../sdk/client.ts';
import type { SpecOverride } from '../sdk/spec/overrides.ts';
import type { SpecSource } from '../sdk/specFile.ts';
import { undefinedIfUnknown } from '../sdk/unknownRelease.ts';
import { type DrainFlags, drainOverrides } from './drainFlags.ts';
import type { Session } from './session.ts';
import { documentOf } from './specDocument.ts';
import { throughOf } from './specFlags.ts';
import { commandFor } from './view/commands.ts';

/**
 * The drain that a command line means: its file, if it names one, with its flags set over it. Where neither names a way
 * out of traffic it is that of the last release of the workload.
 * @param target whom the words name; undefined: the file does
 * @param fixed what the command says besides
 * @throws USAGE, SPEC_UNREADABLE, SPEC_INVALID
 */
export async function drainSpecOf(
  session: Session,
  sluice: Sluice,
  target: Target | undefined,
  flags: DrainFlags,
  fixed: readonly SpecOverride[] = [],
): Promise<DrainSpec> {
  const words = target === undefined ? [] : [workloadName(target)];
  const { readDrainSpec } = await import('../sdk/specFile.ts');
  return readDrainSpec({
    overrides: [...drainOverrides(words, flags), ...fixed],
    defaults: [{ path: ['target', 'cluster'], value: session.defaults.cluster, from: '$SLUICE_CLUSTER' }],
    ...(await sourceOf(session, sluice, target, flags)),
  });
}

async function sourceOf(
  session: Session,
  sluice: Sluice,
  target: Target | undefined,
  flags: DrainFlags,
): Promise<Pick<SpecSource, 'document'>> {
  const { file } = flags;
  if (file !== undefined) return { document: await documentOf(session, file) };
  if (throughOf(flags) !== undefined) return {};
  if (target === undefined) {
    throw new SluiceError('USAGE', 'Neither a spec nor a workload is named.', {
      next: 'Write `deployment/checkout --pod <name>`, or `-f drain.yaml`.',
    });
  }
  const last = await sluice.last(target).catch(undefinedIfUnknown);
  const traffic = (last?.spec as { readonly traffic?: { readonly through?: readonly unknown[] } } | undefined)?.traffic;
  if ((traffic?.through ?? []).length === 0) {
    const why = last === undefined ? 'no release of it is known' : 'its last release had none';
    throw new SluiceError('USAGE', `No way out of traffic of ${workloadName(target)} is named, and ${why}.`, {
      next: `Name the Service, \`${commandFor('drain', target, session.defaults, '--service', target.name)}\`, or \`--readiness-gate\`, or write registries into a file: \`-f drain.yaml\`.`,
    });
  }
  return { document: { text: JSON.stringify({ traffic }), file: 'the spec of the last release' } };
}
