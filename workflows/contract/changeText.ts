import type { PlannedChange } from './plan.ts';

/** What a release does, in a few words: `v1 → v2`, `restart of v2`. Empty while nobody knows. */
export function changeText(
  { version, fromVersion, restart }: Pick<PlannedChange, 'version' | 'fromVersion' | 'restart'>,
  arrow = '→',
): string {
  if (version === '') return '';
  return restart === true ? `restart of ${version}` : `${fromVersion || '?'} ${arrow} ${version}`;
}
