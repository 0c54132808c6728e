import { readFile } from 'node:fs/promises';
import type { KillPoint, PassedPoint } from '../support/world.ts';

/** What mortal.mjs has written down. */
export async function readPoints(file: string): Promise<readonly PassedPoint[]> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as PassedPoint);
}

/** Whether the release of `workload` has come to a point: where it is to be killed there, it stands still now. */
export async function hasComeTo(file: string, workload: string, point: KillPoint): Promise<boolean> {
  const passed = await readPoints(file);
  return passed.some((one) => one.workload === workload && pointText(one) === pointText(point));
}

/**
 * Each point of one way once; of writes to pods also the second one, when others are in flight. The points of the
 * rollback are those that are called `undo …`.
 * @param half only the kills after what is done: the one just before finds what the last one left
 */
export function chosenPoints(passed: readonly PassedPoint[], undo: boolean, half: boolean): readonly KillPoint[] {
  return passed
    .filter(({ point, when }) => point.startsWith('undo ') === undo && (!half || when === 'after'))
    .filter(({ point, nth }) => nth === 1 || (nth === 2 && point.includes('pods:')))
    .map(({ point, when, nth }) => ({ point, when, nth }));
}

export const pointText = ({ point, when, nth }: KillPoint): string => `${when} ${nameOf({ point, nth })}`;

const nameOf = ({ point, nth }: Omit<KillPoint, 'when'>): string => (nth > 1 ? `${point} (second pod)` : point);

/** The matrix as a table in markdown: one line for each point, what became of a release that was killed before and after it. */
export function matrixOf(title: string, outcomes: ReadonlyMap<KillPoint, string>): string {
  const lines = new Map<string, { before?: string; after?: string }>();
  for (const [{ when, ...point }, outcome] of outcomes) {
    lines.set(nameOf(point), { ...lines.get(nameOf(point)), [when]: outcome.split('\n')[0] ?? '' });
  }
  return [
    `| ${title} | killed before | killed after |`,
    '| --- | --- | --- |',
    ...[...lines].map(([name, { before = '', after = '' }]) => `| ${name} | ${before} | ${after} |`),
  ].join('\n');
}
