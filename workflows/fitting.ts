import type { BatchProgress, PodState, PodStatus, ReleaseStatus } from './contract/status.ts';
import type { BatchInput, BatchPod, BatchResult } from './contract/workflows.ts';
import type { PodEntry, ReleaseState } from './state.ts';

/**
 * What is left out of a payload that would be too large. Temporal fails whoever answers or carries 2 MiB or more
 * (`limit.blobSize.error`, https://docs.temporal.io/self-hosted-guide/defaults). What goes is for people, and goes in this order, no
 * more of it than has to: the logs of pods that nobody asks about any more, those of all pods, the names of their nodes.
 */

/** Bytes of JSON at most; what is left to 2 MiB is for what may come beside it in the same payloads. */
export const mostBytes = 1_850_000;

const encoder = new TextEncoder();
export const bytesOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/** `value` where it fits, else what is left of it after as many `cuts` as it takes, each of the one before. */
function fitting<T>(value: T, cuts: readonly ((value: T) => T)[]): T {
  let left = value;
  for (const cut of cuts) {
    if (bytesOf(left) <= mostBytes) return left;
    left = cut(left);
  }
  return left;
}

type Keeps = (state: PodState) => boolean;

const over: ReadonlySet<PodState> = new Set(['queued', 'done', 'gone', 'undone']);
/** In hand, out of traffic, or failed: people look at it. */
const isOpen: Keeps = (state) => !over.has(state);

const none: Keeps = () => false;

/** What the `status` query of a release answers. */
export const fittingStatus = (status: ReleaseStatus): ReleaseStatus =>
  fitting(
    status,
    [isOpen, none].map((keeps) => ({ batches, ...rest }: ReleaseStatus) => ({
      ...rest,
      batches: batches.map((batch) => ({ ...batch, pods: withoutLogs(batch.pods, keeps) })),
    })),
  );

/** What that of a batch answers. */
export const fittingProgress = (progress: BatchProgress): BatchProgress =>
  fitting(
    progress,
    [isOpen, none].map((keeps) => ({ pods, ...rest }: BatchProgress) => ({ ...rest, pods: withoutLogs(pods, keeps) })),
  );

const withoutLogs = (pods: readonly PodStatus[], keeps: Keeps): readonly PodStatus[] =>
  pods.map((pod) => {
    const { log, ...rest } = pod;
    return log === undefined || keeps(pod.state) ? pod : rest;
  });

/** What a release carries into a new run of its workflow. */
export const fittingState = (state: ReleaseState): ReleaseState =>
  fitting(state, [
    ...[isOpen, none].map((keeps) => (whole: ReleaseState) => withPods(whole, (pod) => withoutPassed(pod, keeps))),
    (whole) => withPods(whole, (pod) => ({ ...pod, node: '' })),
  ]);

const withPods = ({ batches, ...rest }: ReleaseState, change: (pod: PodEntry) => PodEntry): ReleaseState => ({
  ...rest,
  batches: batches.map((batch) => ({ ...batch, pods: batch.pods.map(change) })),
});

function withoutPassed(pod: PodEntry, keeps: Keeps): PodEntry {
  const { passed, ...rest } = pod;
  return passed === undefined || keeps(pod.state) ? pod : rest;
}

/** Without what pods went through that are no more in hand and have not failed; then of all. */
const lessPassed = [
  ({ passed = {}, ...result }: BatchResult): BatchResult => {
    const before = new Map(result.became?.map(({ pod, name }) => [name, pod]));
    const open = [...result.failed, ...result.stopped].flatMap(({ pod }) => {
      const name = before.get(pod) ?? pod;
      const moments = passed[name];
      return moments === undefined ? [] : [[name, moments] as const];
    });
    return { ...result, ...(open.length > 0 && { passed: Object.fromEntries(open) }) };
  },
  (result: BatchResult): BatchResult => {
    const { passed: _, ...rest } = result;
    return rest;
  },
];

/** What a batch answers. */
export const fittingResult = (result: BatchResult): BatchResult => fitting(result, lessPassed);

/**
 * What a batch carries into a new run of its workflow. Who is queued it finds out anew. At last goes how pods stood in traffic that
 * are back there: one that falls out of service later is put back as one without a snapshot, which is nothing to do.
 */
export const fittingInput = (input: BatchInput): BatchInput =>
  input.earlier === undefined
    ? input
    : fitting<Continued>({ ...input, earlier: input.earlier }, [
        ...[withoutQueue, ...lessPassed].map((cut) => ({ earlier, ...rest }: Continued) => ({
          ...rest,
          earlier: { ...earlier, result: cut(earlier.result) },
        })),
        (whole) => ({ ...whole, pods: withoutTraffic(whole.pods, whole.earlier.result) }),
      ]);

type Continued = BatchInput & Required<Pick<BatchInput, 'earlier'>>;

const withoutQueue = (result: BatchResult): BatchResult => ({ ...result, queued: [] });

function withoutTraffic(pods: readonly BatchPod[], { done, gone, became = [] }: BatchResult): readonly BatchPod[] {
  const through = new Set([...done, ...gone]);
  const now = new Map(became.map(({ pod, name }) => [pod, name]));
  return pods.map((pod) => (through.has(now.get(pod.name) ?? pod.name) ? bare(pod) : pod));
}

const bare = ({ name, uid, wasReady }: BatchPod): BatchPod => ({ name, uid, wasReady });
