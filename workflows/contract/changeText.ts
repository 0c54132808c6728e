import type { PlannedChange } from './plan.ts';
import { resizeLines } from './resize.ts';

/** What a release does, in a few words: `v1 → v2`, `restart of v2`. Empty while nobody knows. */
export function changeText(
  { version, fromVersion, restart }: Pick<PlannedChange, 'version' | 'fromVersion' | 'restart'>,
  arrow = '→',
): string {
  if (version === '') return '';
  return restart === true ? `restart of ${version}` : `${fromVersion || '?'} ${arrow} ${version}`;
}

/** What everyone goes back to, for people. */
export const versionBefore = (change: Pick<PlannedChange, 'fromVersion'> | undefined): string =>
  change?.fromVersion || 'the version before';

/** What changes besides images, one line each: `env of app`, `app: limits.memory 64Mi → 128Mi`. */
export const otherChanges = ({ template, resize }: Pick<PlannedChange, 'template' | 'resize'>, arrow = '→') =>
  resize === undefined ? (template?.differs ?? []) : resizeLines(resize, arrow);
