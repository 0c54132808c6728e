import type { Progress } from '../../../local/types.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';
import type { Look } from './look.ts';
import { fit, harmless, padEnd } from './text.ts';

const settled = new Set(['ready', 'kept', 'stopped', 'unavailable']);

/** One step of `up` or `down` as a line of a log; undefined for what would only be noise there. */
export function progressLine(progress: Progress, look: Look): string | undefined {
  if (progress.kind === 'note') return harmless(progress.text);
  if (progress.kind === 'binary' && progress.fraction !== undefined && progress.fraction < 1) return undefined;
  return `${nameOf(progress)}: ${wordsOf(progress, look)}`;
}

/** Every step so far, one line each: what is at work turns, what is ready is ticked. */
export function stepLines(
  steps: readonly { readonly progress: Progress; readonly since: number }[],
  look: Look,
): string[] {
  const widest = Math.max(0, ...steps.map(({ progress }) => nameOf(progress).length));
  return steps.map(({ progress, since }) => {
    const { colours, glyphs, now, width } = look;
    if (progress.kind === 'note') return fit(`${colours.dim(glyphs.dot)} ${harmless(progress.text)}`, width);
    const busy = !settled.has(progress.step);
    const mark = busy
      ? colours.cyan(glyphs.spinner[Math.floor(now / 120) % glyphs.spinner.length] ?? '')
      : progress.step === 'unavailable'
        ? colours.red(glyphs.bad)
        : colours.green(glyphs.ok);
    const time =
      busy && now - since > 2_000 ? colours.dim(` ${humanDuration(Math.floor((now - since) / 1000) * 1000)}`) : '';
    return fit(`${mark} ${padEnd(nameOf(progress), widest)}  ${wordsOf(progress, look)}${time}`, width);
  });
}

const nameOf = (progress: Progress): string =>
  progress.kind === 'note' ? '' : progress.kind === 'part' ? progress.name : progress.names.join(', ');

function wordsOf(progress: Exclude<Progress, { kind: 'note' }>, { colours }: Look): string {
  const percent =
    progress.kind === 'binary' && progress.fraction !== undefined ? ` ${Math.round(progress.fraction * 100)}%` : '';
  const took = progress.kind === 'part' && progress.ms !== undefined ? ` in ${humanDuration(progress.ms)}` : '';
  const detail = progress.detail === undefined ? '' : colours.dim(` (${harmless(progress.detail)})`);
  return `${progress.step}${percent}${took}${detail}`;
}
