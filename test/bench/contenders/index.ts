import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { Contender } from './contender.ts';
import { floor } from './floor.ts';
import { releaseDraining, releasePlain } from './release.ts';
import { rolloutNoSurge, rolloutSurge } from './rollout.ts';

const all: readonly Contender[] = [floor, releasePlain, releaseDraining, rolloutSurge, rolloutNoSurge];

/** @throws SluiceError USAGE for a name that there is not */
export function chooseContenders(only: readonly string[]): readonly Contender[] {
  const unknown = only.find((name) => !all.some((contender) => contender.name === name));
  if (unknown !== undefined) {
    throw new SluiceError('USAGE', `There is no contender ${unknown}.`, {
      next: `There are: ${all.map(({ name }) => name).join(', ')}.`,
    });
  }
  return only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
}
