import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { BenchOptions } from '../options.ts';
import type { Contender } from './contender.ts';
import { floor } from './floor.ts';
import { modes } from './modes.ts';
import { releaseDraining, releasePlain } from './release.ts';
import { rolloutNoSurge, rolloutSurge } from './rollout.ts';

const inPlace: readonly Contender[] = [floor, releasePlain, releaseDraining, rolloutSurge, rolloutNoSurge];

/**
 * Those of the bench in place, or of that of the modes, that fit the runtime.
 * @throws SluiceError USAGE for a name that there is not
 */
export function chooseContenders({
  suite,
  only,
  runtime,
}: Pick<BenchOptions, 'suite' | 'only' | 'runtime'>): readonly Contender[] {
  const all = (suite === 'modes' ? modes : inPlace).filter(
    ({ kubeletOnly }) => kubeletOnly !== true || runtime === 'containerd',
  );
  const unknown = only.find((name) => !all.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw new SluiceError('USAGE', `There is no contender ${unknown} on ${runtime}.`, {
      next: `There are: ${all.map(({ name }) => name).join(', ')}.`,
    });
  }
  return only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
}
