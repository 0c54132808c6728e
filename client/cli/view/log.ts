import type { ReleaseStatus } from '../../../workflows/contract/status.ts';
import type { Look } from './look.ts';
import { clock } from './time.ts';

export interface LogLine {
  readonly at: string;
  readonly text: string;
  readonly by?: string;
  readonly refused?: boolean;
}

/** What was done and what was refused, oldest first. */
export function logOf({ log, refused }: Pick<ReleaseStatus, 'log' | 'refused'>): readonly LogLine[] {
  const refusals = refused.map(
    ({ at, name, by, text }): LogLine => ({ at, by, refused: true, text: `${name} refused: ${text}` }),
  );
  return [...log, ...refusals].toSorted((a, b) => a.at.localeCompare(b.at));
}

export function logLine({ at, text, by, refused }: LogLine, { colours, glyphs }: Look): string {
  const who = by === undefined ? '' : colours.dim(` (${by})`);
  const mark = refused === true ? `${colours.yellow(glyphs.warn)} ` : '';
  return `${colours.dim(clock(at))}  ${mark}${text}${who}`;
}
