import type { BatchStatus, Phase, PodState, PodStatus } from '../../../workflows/contract/status.ts';
import type { Colours, Look } from './look.ts';

/** How each state of a pod is coloured: quiet before and after, warm while out of traffic, cool while it changes. */
const podColours: Readonly<Record<PodState, keyof Colours>> = {
  queued: 'gray',
  drain: 'yellow',
  silence: 'yellow',
  patch: 'cyan',
  recreate: 'cyan',
  wait: 'cyan',
  check: 'cyan',
  out: 'yellow',
  restore: 'blue',
  warm: 'blue',
  retire: 'blue',
  done: 'green',
  failed: 'red',
  gone: 'gray',
  undone: 'magenta',
};

const phaseColours: Readonly<Record<Phase, keyof Colours>> = {
  planning: 'cyan',
  pulling: 'cyan',
  acquiring: 'cyan',
  batch: 'cyan',
  gate: 'yellow',
  held: 'red',
  manual: 'yellow',
  committing: 'cyan',
  rollingBack: 'magenta',
  succeeded: 'green',
  rolledBack: 'magenta',
  handedOver: 'magenta',
  superseded: 'magenta',
  failed: 'red',
};

const podStates = Object.keys(podColours) as readonly PodState[];

/** Neither waiting for its turn nor finished. */
export const inHand = ({ state }: PodStatus): boolean =>
  state !== 'queued' &&
  state !== 'done' &&
  state !== 'out' &&
  state !== 'failed' &&
  state !== 'gone' &&
  state !== 'undone';

/** Whether a pod of this batch is as far as it goes; one that a drain keeps out is, until it is put back. */
export const isFinished = ({ state: pod }: PodStatus, batch: BatchStatus): boolean =>
  isUndo(batch) ? pod === 'undone' : pod === 'done' || pod === 'out';

/** The glyph of a state in its colour. */
export const podGlyph = (state: PodState, { colours, glyphs }: Look): string =>
  colours[podColours[state]](glyphs.pod[state]);

export const podWord = (state: PodState, { colours }: Look, text: string = state): string =>
  colours[podColours[state]](text);

/** `rollingBack` → `rolling back`. */
export const phaseWords = (phase: Phase): string => phase.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

export const phaseWord = (phase: Phase, { colours }: Look, text: string = phaseWords(phase)): string =>
  colours[phaseColours[phase]](text);

/** How many pods are in each state, in the order of the pump; states without pods are left out. */
export function countStates(pods: readonly PodStatus[]): readonly (readonly [PodState, number])[] {
  const counts = new Map<PodState, number>();
  for (const { state } of pods) counts.set(state, (counts.get(state) ?? 0) + 1);
  return podStates.flatMap((state) => {
    const count = counts.get(state);
    return count === undefined ? [] : [[state, count] as const];
  });
}

/** `↓ 2 drain   ● 5 done`. */
export const legend = (pods: readonly PodStatus[], look: Look): string =>
  countStates(pods)
    .map(([state, count]) => `${podGlyph(state, look)} ${count} ${podWord(state, look)}`)
    .join('   ');

/** Whether pods of this batch go back to the old version. */
export const isUndo = ({ state }: BatchStatus): boolean => state === 'undoing' || state === 'undone';
