import type { BatchStatus, PodStatus, ReleaseStatus } from '../../../workflows/contract/status.ts';
import { progressBar } from './bar.ts';
import type { Look } from './look.ts';
import { countStates, inHand, isFinished, legend, podGlyph, podWord } from './states.ts';
import { fit, padEnd, padStart, widthOf } from './text.ts';
import { clock } from './time.ts';

/**
 * One row a batch, with its pods; below the running ones those pods that are in hand or have failed. Beyond `rows` lines
 * the batches that are finished and those that have not begun are summed up.
 */
export function batchLines(
  status: ReleaseStatus,
  look: Look,
  rows: number = Number.POSITIVE_INFINITY,
  everyPod = false,
): string[] {
  const { batches } = status;
  if (batches.length === 0) return [];
  const columns = columnsOf(batches, look);
  const legendLine = ` ${legend(
    batches.flatMap((batch) => batch.pods),
    look,
  )}`;
  const room = rows - 2;
  const telling = batches.reduce((sum, batch) => sum + tellingPods(batch).length, 0);
  // Batches give way to the pods in hand, but not all of it.
  const shown = sumUp(batches, Math.max(3, room - Math.min(telling, Math.floor(room / 3))));
  let spare = Math.max(0, room - shown.length);
  const lines = shown.flatMap((entry) => {
    if (!('name' in entry)) return [sumLine(entry.summed, look)];
    const details = everyPod
      ? podLines(entry.pods, { ...look, width: Number.POSITIVE_INFINITY }, podLogText)
      : detailsOf(entry, look, Math.min(spare, 12));
    spare -= details.length;
    return [headOf(entry, columns, look), ...details];
  });
  return [...lines, '', fit(legendLine, look.width)];
}

interface Columns {
  readonly name: number;
  readonly bar: number;
  readonly count: number;
}

function columnsOf(batches: readonly BatchStatus[], { width }: Look): Columns {
  const name = Math.max(...batches.map((batch) => batch.name.length));
  const count = Math.max(...batches.map((batch) => `${batch.pods.length}`.length)) * 2 + 1;
  return { name, count, bar: Math.max(8, Math.min(24, Math.floor(width * 0.22))) };
}

function headOf(batch: BatchStatus, columns: Columns, look: Look): string {
  const { colours, glyphs } = look;
  const active = batch.state === 'running' || batch.state === 'undoing';
  const now =
    look.frame === undefined ? glyphs.now : (glyphs.spinner[look.frame % glyphs.spinner.length] ?? glyphs.now);
  const marker = {
    waiting: ' ',
    running: colours.cyan(now),
    undoing: colours.magenta(now),
    done: colours.green(glyphs.ok),
    failed: colours.red(glyphs.bad),
    undone: colours.magenta(glyphs.pod.undone),
  }[batch.state];
  const finished = batch.pods.filter((pod) => isFinished(pod, batch)).length;
  const name = padEnd(batch.name, columns.name);
  const start = [
    ` ${padEnd(marker, widthOf(glyphs.ok))}`,
    active ? colours.bold(name) : batch.state === 'waiting' ? colours.dim(name) : name,
    progressBar(batch.pods, columns.bar, look),
    padStart(`${finished}/${batch.pods.length}`, columns.count),
  ].join(' ');
  return fit(`${start}  ${podStrip(batch.pods, look.width - widthOf(start) - 3, look)}`, look.width);
}

/** A glyph for each pod, in groups of five; where they have no room, their number by state. */
function podStrip(pods: readonly PodStatus[], room: number, look: Look): string {
  const needed = pods.length + Math.floor((pods.length - 1) / 5);
  if (needed <= room && pods.length <= 60) {
    return pods.map(({ state }, index) => (index > 0 && index % 5 === 0 ? ' ' : '') + podGlyph(state, look)).join('');
  }
  return countStates(pods)
    .map(([state, count]) => `${podGlyph(state, look)} ${count}`)
    .join('  ');
}

/** The pods that somebody would ask about: failed ones, then those in hand. */
function tellingPods({ pods, state }: BatchStatus): readonly PodStatus[] {
  const isFailed = (pod: PodStatus): boolean =>
    pod.state === 'failed' || (pod.reason !== undefined && pod.state !== 'done');
  const active = state === 'running' || state === 'undoing';
  return [...pods.filter(isFailed), ...(active ? pods.filter((pod) => inHand(pod) && !isFailed(pod)) : [])];
}

function detailsOf(batch: BatchStatus, look: Look, rows: number): string[] {
  const telling = tellingPods(batch);
  if (telling.length === 0 || rows < Math.min(telling.length, 2)) return [];
  const shown = telling.length > rows ? telling.slice(0, rows - 1) : telling;
  const lines = podLines(shown, look);
  const left = telling.length - shown.length;
  return left === 0 ? lines : [...lines, look.colours.dim(`     … and ${left} more`)];
}

/** `more`: what else is told of a pod. */
function podLines(pods: readonly PodStatus[], look: Look, more: (pod: PodStatus) => string = () => ''): string[] {
  const widest = Math.max(0, ...pods.map((pod) => pod.name.length));
  return pods.map((pod) => {
    const state = padEnd(`${podGlyph(pod.state, look)} ${podWord(pod.state, look)}`, 9);
    const told = [pod.reason ?? pod.waitsFor ?? pod.node ?? '', more(pod)].filter((text) => text !== '').join('  ');
    return fit(`     ${padEnd(pod.name, widest)}  ${state}  ${look.colours.dim(told)}`, look.width);
  });
}

/** `out 14:03:07  silent 14:03:12  patched 14:03:12  ready 14:03:14  back 14:03:15` */
const podLogText = ({ log = [] }: PodStatus): string => log.map(({ is, at }) => `${is} ${clock(at)}`).join('  ');

interface Sum {
  readonly summed: readonly BatchStatus[];
}

/** At most `rows` entries: runs of finished batches at the start and waiting ones at the end become one each. */
function sumUp(batches: readonly BatchStatus[], rows: number): readonly (BatchStatus | Sum)[] {
  if (batches.length <= rows) return batches;
  const isQuiet = ({ state }: BatchStatus): boolean => state === 'done' || state === 'undone' || state === 'waiting';
  const firstLoud = batches.findIndex((batch) => !isQuiet(batch));
  const firstWaiting = batches.findIndex((batch) => batch.state === 'waiting');
  const middle = firstLoud >= 0 ? firstLoud : firstWaiting >= 0 ? firstWaiting : batches.length - 1;
  const kept = Math.max(1, rows - 2);
  const from = Math.max(0, Math.min(middle - Math.floor(kept / 2), batches.length - kept));
  // A line that sums up a single batch could as well be that batch.
  const sum = (some: readonly BatchStatus[]): readonly (BatchStatus | Sum)[] =>
    some.length > 1 ? [{ summed: some }] : some;
  return [...sum(batches.slice(0, from)), ...batches.slice(from, from + kept), ...sum(batches.slice(from + kept))];
}

function sumLine(batches: readonly BatchStatus[], look: Look): string {
  const pods = batches.flatMap((batch) => batch.pods);
  const names = `${batches[0]?.name ?? ''} … ${batches.at(-1)?.name ?? ''}`;
  const counts = countStates(pods)
    .map(([state, count]) => `${podGlyph(state, look)} ${count}`)
    .join('  ');
  const indent = ' '.repeat(2 + widthOf(look.glyphs.ok));
  return fit(
    `${indent}${look.colours.dim(`${names}: ${batches.length} batches, ${pods.length} pods`)}  ${counts}`,
    look.width,
  );
}
