import type { Handful } from './contract/activities/handful.ts';
import type { PodMoment } from './contract/status.ts';
import type { BatchPod, BatchResult, Passage, Stage } from './contract/workflows.ts';
import type { BatchState } from './state.ts';

/** What a pod is when a stage is through with it; nothing is said of warming up. */
const became: Readonly<Partial<Record<Stage, PodMoment['is']>>> = {
  drain: 'out',
  silence: 'silent',
  patch: 'patched',
  recreate: 'recreated',
  wait: 'ready',
  check: 'checked',
  restore: 'back',
  retire: 'retired',
};

const letters: Readonly<Record<PodMoment['is'], string>> = {
  out: 'o',
  silent: 's',
  patched: 'p',
  recreated: 'n',
  ready: 'r',
  checked: 'c',
  back: 'b',
  retired: 'x',
  failed: 'f',
};
const words = new Map(Object.entries(letters).map(([is, letter]) => [letter, is as PodMoment['is']]));

/** A letter and `at`, ms since 1970, to the base 36: 9 characters where JSON of the two has 25. */
export const passageOf = (is: PodMoment['is'], at: number): Passage => `${letters[is]}${at.toString(36)}`;

/** How a pod came through `stage` at `at`, ms since 1970; undefined where nothing is said of that stage. */
export function passage(stage: Stage, at: number): Passage | undefined {
  const is = became[stage];
  return is && passageOf(is, at);
}

/** How long after a call was through with its own stage it answered, ms: it went on with others. */
export const wentOnForMs = ({ wentOn }: Handful): number =>
  wentOn === undefined ? 0 : (wentOn.tookMs ?? 0) + wentOnForMs(wentOn.answer);

/** The batches with what their pods went through in a child of `asked`. */
export function withPassages(
  batches: readonly BatchState[],
  asked: readonly BatchPod[],
  { passed = {} }: BatchResult,
): readonly BatchState[] {
  const byUid = new Map(asked.map(({ name, uid }) => [uid, passed[name] ?? []]));
  return batches.map((batch) => {
    if (!batch.pods.some(({ uid }) => byUid.has(uid))) return batch;
    const pods = batch.pods.map((pod) => {
      const more = byUid.get(pod.uid) ?? [];
      return more.length === 0 ? pod : { ...pod, passed: [...(pod.passed ?? []), ...more] };
    });
    return { ...batch, pods };
  });
}

/** As people read it. */
export const podLog = (passed: readonly Passage[]): readonly PodMoment[] =>
  passed.flatMap((one) => {
    const is = words.get(one.slice(0, 1));
    return is === undefined ? [] : [{ at: new Date(Number.parseInt(one.slice(1), 36)).toISOString(), is }];
  });
