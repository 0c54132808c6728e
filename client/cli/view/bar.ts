import type { PodStatus } from '../../../workflows/contract/status.ts';
import type { Look } from './look.ts';
import { inHand } from './states.ts';

/**
 * A bar of `width` columns: finished pods, then failed ones, then those in hand, then the rest. Each kind that has a pod
 * gets at least one column, so that one failed pod among a thousand is seen.
 */
export function progressBar(pods: readonly PodStatus[], width: number, { colours, glyphs }: Look): string {
  const done = pods.filter(({ state }) => state === 'done' || state === 'gone').length;
  const undone = pods.filter(({ state }) => state === 'undone').length;
  const failed = pods.filter(({ state }) => state === 'failed').length;
  const moving = pods.filter(inHand).length;
  const rest = pods.length - done - undone - failed - moving;
  const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = apportion(
    [done, undone, failed, moving, rest],
    width,
  );
  return [
    colours.green(glyphs.barFull.repeat(first)),
    colours.magenta(glyphs.barFull.repeat(second)),
    colours.red(glyphs.barFull.repeat(third)),
    colours.yellow(glyphs.barFull.repeat(fourth)),
    colours.gray(glyphs.barEmpty.repeat(fifth)),
  ].join('');
}

/** `width` columns shared among `counts`: in proportion, at least one for each that is not zero, and the sum is `width`. */
export function apportion(counts: readonly number[], width: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map((_, index) => (index === counts.length - 1 ? width : 0));
  const shares = counts.map((count) => (count === 0 ? 0 : Math.max(1, Math.floor((count * width) / total))));
  for (let spare = width - shares.reduce((sum, share) => sum + share, 0); spare !== 0; spare -= Math.sign(spare)) {
    const wanting = counts.map((count, index) => {
      const share = shares[index] ?? 0;
      if (spare < 0) return share > 1 ? share - (count * width) / total : Number.NEGATIVE_INFINITY;
      return count === 0 ? Number.NEGATIVE_INFINITY : (count * width) / total - share;
    });
    const best = wanting.indexOf(Math.max(...wanting));
    shares[best] = (shares[best] ?? 0) + Math.sign(spare);
  }
  return shares;
}
