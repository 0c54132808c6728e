import { type Target, workloadName } from '../../../workflows/contract/names.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import type { SpecSource } from '../specFile.ts';
import type { SpecOverride } from './overrides.ts';

/** The fields of `change` that say what changes. */
const whats = ['images', 'template', 'restart', 'revision', 'reload', 'hotSwap', 'order', 'pin'] as const;

/** What a release goes by that follows another one. */
export interface Before {
  readonly target: Target;
  /** The spec of the release before; undefined: none is known, and the defaults hold. */
  readonly spec: unknown;
  /** What it changes, in place of what that spec says. */
  readonly change?: Pick<ReleaseSpecInput['change'], (typeof whats)[number]>;
}

/** The spec of a release in the manner of an earlier one, of the same workload. `overrides`: what else is set over it. */
export function followUp({ target, spec, change }: Before, overrides: readonly SpecOverride[] = []): SpecSource {
  const fixed = (path: string, value: unknown): SpecOverride => ({
    path: path.split('.'),
    value,
    from: 'the workload',
  });
  return {
    ...(spec !== undefined && { document: { text: JSON.stringify(spec), file: 'the spec of the last release' } }),
    overrides: [
      // How images are pulled beforehand stays as it was.
      ...(change === undefined ? [] : whats.map((key) => fixed(`change.${key}`, change[key]))),
      ...(change !== undefined && hasOwnMode(spec) ? [fixed('strategy.mode', undefined)] : []),
      ...overrides,
      fixed('target.workload', workloadName(target)),
      fixed('target.cluster', target.cluster),
      fixed('metadata.namespace', target.namespace),
    ],
  };
}

/** A mode that no other change has. */
function hasOwnMode(spec: unknown): boolean {
  const mode = (spec as { readonly strategy?: { readonly mode?: unknown } } | undefined)?.strategy?.mode;
  return mode === 'HotReload' || mode === 'HotSwap';
}
