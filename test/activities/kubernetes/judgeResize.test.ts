import { describe, expect, it } from 'vitest';
import { judgePod, type Wanted } from '../../../activities/kubernetes/judgePod.ts';
import type { ContainerStatus, Pod } from '../../../activities/kubernetes/wire.ts';
import { at, noon, old, podOf, running } from './pods.ts';

const image = old.image;
const small = { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '64Mi' } };
const large = { requests: { cpu: '200m', memory: '64Mi' }, limits: { memory: '128Mi' } };

interface Given {
  readonly spec?: typeof large;
  /** What kubelet shows. */
  readonly shows?: typeof large;
  readonly conditions?: readonly { readonly type: string; readonly reason?: string; readonly message?: string }[];
  readonly generation?: number;
  readonly observed?: number;
  readonly status?: Partial<ContainerStatus>;
}

/** A pod that was resized 30 s ago. */
function resized({ spec = large, shows = large, conditions = [], generation = 2, observed = 2, status }: Given): Pod {
  const container = running(image, { restartCount: 0, containerID: old.containerID, resources: shows, ...status });
  const pod = podOf({ image, status: container, before: old });
  return {
    ...pod,
    metadata: { ...pod.metadata, generation },
    spec: { ...pod.spec, containers: [{ name: 'app', image, resources: spec }] },
    status: {
      ...pod.status,
      observedGeneration: observed,
      conditions: [...(pod.status?.conditions ?? []), ...conditions.map((one) => ({ status: 'True', ...one }))],
    },
  };
}

const judge = (given: Given, wanted: Partial<Wanted> = {}) =>
  judgePod(
    resized(given),
    {
      images: {},
      resources: { app: large },
      partial: false,
      minReadyMs: 0,
      readyTimeoutMs: 300_000,
      since: at(-30),
      wasReady: true,
      undo: false,
      ownGates: [],
      ...wanted,
    },
    noon,
  );
const over = { since: at(-301) };
const infeasible = { type: 'PodResizePending', reason: 'Infeasible', message: "Node didn't have enough capacity: cpu" };
const deferred = { type: 'PodResizePending', reason: 'Deferred', message: "Node didn't have enough resource: cpu" };

describe('a pod whose resources were changed', () => {
  it('is done when its status shows them, in whichever spelling, and no condition says otherwise', () => {
    expect(judge({})).toEqual({ is: 'done' });
    const spelled = { requests: { cpu: '0.2', memory: '65536Ki' }, limits: { memory: '128Mi' } };
    expect(judge({ shows: spelled })).toEqual({ is: 'done' });
  });

  it.each<[string, Given]>([
    ['its status shows the old ones', { shows: small }],
    ['its node has not seen the change', { observed: 1 }],
    ['the node is at it', { conditions: [{ type: 'PodResizeInProgress' }] }],
    ['it is deferred', { conditions: [deferred] }],
    ['what it could not do is what was asked before', { conditions: [infeasible], observed: 1 }],
    ['an older state of its spec is seen', { spec: small, shows: small }],
    ['it is resized, and not ready', { status: { ready: false } }],
  ])('waits: %s', (_, given) => {
    expect(judge(given)).toMatchObject({ is: 'waiting' });
  });

  it('fails at once where its node can never do it, with its reason; not in a rollback', () => {
    const given = { shows: small, conditions: [infeasible] };
    const reason = expect.stringContaining("Infeasible: Node didn't have enough capacity: cpu");
    expect(judge(given)).toEqual({ is: 'failed', code: 'POD_FAILED', reason });
    expect(judge(given, { undo: true })).toMatchObject({ is: 'waiting' });
  });

  it('says after the time-out why it is not resized', () => {
    expect(judge({ shows: small, conditions: [deferred] }, over)).toMatchObject({
      is: 'failed',
      reason: "not resized after 300 s: Deferred: Node didn't have enough resource: cpu",
    });
    const lowered = { type: 'PodResizeInProgress', reason: 'Error', message: 'limit below usage' };
    expect(judge({ shows: small, conditions: [lowered] }, over)).toMatchObject({
      reason: 'not resized after 300 s: Error: limit below usage',
    });
    expect(judge({ shows: small }, over)).toMatchObject({
      reason: 'not resized after 300 s: app has requests.cpu 100m, not 200m',
    });
    expect(judge({ spec: small, shows: small }, over)).toMatchObject({ code: 'WORKLOAD_CHANGED' });
  });

  it('fails where a container that had to restart for it crashes', () => {
    const state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } };
    expect(judge({ status: { ready: false, restartCount: 3, state } })).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining('CrashLoopBackOff'),
    });
  });
});
