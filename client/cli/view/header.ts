import { changeText } from '../../../workflows/contract/changeText.ts';
import { workloadName } from '../../../workflows/contract/names.ts';
import { isOver, type ReleaseStatus } from '../../../workflows/contract/status.ts';
import { progressBar } from './bar.ts';
import type { Look } from './look.ts';
import { phaseWord, phaseWords } from './states.ts';
import { ends, wrap } from './text.ts';
import { since } from './time.ts';

/** Who goes from what to what, the phase with its sentence, and how far it is. */
export function headerLines(status: ReleaseStatus, look: Look): string[] {
  const { colours, glyphs, width } = look;
  const { target } = status;
  const versions = changeText({ ...status, version: status.version && colours.bold(status.version) }, glyphs.arrow);
  const where = [workloadName(target), target.namespace, target.cluster].join(` ${glyphs.dot} `);
  const pods = status.batches.flatMap((batch) => batch.pods);
  return [
    ends(` ${colours.bold(status.app)}  ${versions}`, colours.dim(where), width),
    '',
    ...sentence(status, look),
    ...(pods.length === 0
      ? [` ${colours.dim(lifetime(status, look))}`]
      : [` ${progressBar(pods, barWidth(width), look)}  ${facts(status, look)}`]),
  ];
}

function sentence(status: ReleaseStatus, look: Look): string[] {
  const badge = badgeOf(status, look);
  const indent = badge.length + 2;
  const [first = '', ...more] = wrap(status.text, Math.max(20, look.width - indent - 2));
  return [` ${badge.text} ${first}`, ...more.slice(0, 3).map((line) => ' '.repeat(indent) + line)];
}

function badgeOf({ phase, paused }: ReleaseStatus, look: Look): { text: string; length: number } {
  const words = paused !== undefined && !isOver(phase) ? 'paused' : phaseWords(phase);
  const label = ` ${words.toUpperCase()} `;
  const text = phaseWord(phase, look, look.colours.bold(look.colours.inverse(label)));
  // Without colours `inverse` does nothing: brackets set it apart.
  return text === label ? { text: `[${label.trim()}]`, length: label.length } : { text, length: label.length };
}

function facts(status: ReleaseStatus, look: Look): string {
  const { done, failed, total } = status.progress;
  const { colours, glyphs } = look;
  const pods = status.batches.flatMap((batch) => batch.pods);
  const goesBack = status.phase === 'rollingBack' || status.phase === 'rolledBack';
  const back = pods.filter(({ state }) => state === 'undone').length;
  const touched = pods.filter(({ state }) => state !== 'queued').length;
  const parts = [
    goesBack ? `${back}/${touched} pods back` : `${done}/${total} pods`,
    ...(failed > 0 ? [colours.red(`${failed} failed`)] : []),
    colours.dim(lifetime(status, look)),
  ];
  return parts.join(colours.dim(` ${glyphs.dot} `));
}

const lifetime = ({ startedAt, endedAt, initiator }: ReleaseStatus, { now, glyphs }: Look): string =>
  `${since(startedAt, endedAt === undefined ? now : Date.parse(endedAt))} ${glyphs.dot} by ${initiator}`;

/** Wide enough to show progress, narrow enough to leave room for the facts on 80 columns. */
export const barWidth = (width: number): number => Math.max(8, Math.min(32, Math.floor(width * 0.3)));
