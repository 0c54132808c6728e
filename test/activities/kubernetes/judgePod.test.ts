import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgePod, type Wanted } from '../../../activities/kubernetes/judgePod.ts';
import { recordOf } from '../../../activities/kubernetes/podRecord.ts';
import { at, noon, old, type PodOptions, podOf, running, waiting } from './pods.ts';

const v1 = 'registry.local/checkout:v1';
const v2 = 'registry.local/checkout:v2';
const pinned = `${v2}@sha256:bbbb`;

const judge = (options: PodOptions, wanted: Partial<Wanted> = {}) =>
  judgePod(
    podOf(options),
    {
      images: { app: options.image },
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

describe('done', () => {
  it.each<[string, PodOptions]>([
    ['another container of another image', { image: v2, status: running(v2) }],
    [
      'status.image spelled out by the runtime',
      { image: 'checkout:v2', status: running('docker.io/library/checkout:v2') },
    ],
    ['no tag means latest', { image: 'docker.io/library/checkout', status: running('checkout:latest') }],
    ['the runtime reports the image by its id only', { image: v2, status: running('sha256:cafe') }],
    ['pinned: imageID has the digest', { image: pinned, status: running('sha256:cafe') }],
    [
      'pinned to the digest it had: same imageID, another container',
      { image: `${v1}@sha256:aaaa`, status: running('sha256:cafe', { imageID: old.imageID }) },
    ],
    [
      'two tags of one image: same imageID, status names the new tag',
      { image: v2, status: running(v2, { imageID: old.imageID }) },
    ],
    [
      'two tags of one image, status goes on naming the old one: after a while',
      { image: v2, status: running(v1, { imageID: old.imageID }), changed: 11 },
    ],
    [
      'taken back before kubelet saw it: the same container, after a while',
      {
        image: v1,
        before: { ...old, image: v2, behind: true },
        status: running(v1, { containerID: old.containerID, imageID: old.imageID }),
        changed: 11,
      },
    ],
    ['never changed by us: born with it', { image: v2, before: null, status: running(v2, { restartCount: 0 }) }],
    ['it crashed once and is ready now', { image: v2, status: running(v2, { restartCount: 2 }) }],
  ])('%s', (_, options) => {
    expect(judge(options)).toEqual({ is: 'done' });
  });

  it('with its own gate closed by the drain, but not with somebody else’s', () => {
    const drained: PodOptions = { image: v2, status: running(v2), gates: { 'shop/in-traffic': false } };
    expect(judge(drained, { ownGates: ['shop/in-traffic'] })).toEqual({ is: 'done' });
    expect(judge(drained)).toMatchObject({ is: 'waiting' });
    const other: PodOptions = { ...drained, gates: { 'shop/in-traffic': false, 'lb/target': false } };
    expect(judge(other, { ownGates: ['shop/in-traffic'] })).toMatchObject({ is: 'waiting' });
  });
});

describe('waiting', () => {
  it.each<[string, PodOptions]>([
    [
      'kubelet has not seen the change',
      { image: v2, status: running(v1, { containerID: old.containerID, imageID: old.imageID }) },
    ],
    [
      'the old container crashed and came back just before',
      { image: v2, status: running(v1, { imageID: old.imageID }), changed: 2 },
    ],
    [
      'a second change: the container is that of the first one',
      { image: v1, before: { ...old, image: v2, behind: true }, status: running(v2), changed: 2 },
    ],
    ['no status yet', { image: v2 }],
    ['new, but not ready', { image: v2, status: running(v2, { ready: false }) }],
    [
      'the first pull error',
      { image: v2, status: waiting('ErrImagePull', `failed to pull "${v2}"`, { containerID: old.containerID }) },
    ],
    ['ContainerCreating', { image: v2, status: waiting('ContainerCreating', '', { containerID: '' }) }],
    ['it exited once', { image: v2, status: running(v2, { ready: false, restartCount: 2 }) }],
    [
      'CrashLoopBackOff of the container before',
      {
        image: v2,
        before: { ...old, waiting: 'CrashLoopBackOff' },
        status: waiting('CrashLoopBackOff', 'back-off', {
          containerID: old.containerID,
          imageID: old.imageID,
          image: v1,
        }),
      },
    ],
    [
      'ImagePullBackOff of the image before',
      {
        image: v2,
        before: { ...old, image: 'registry.local/checkout:bad' },
        status: waiting('ImagePullBackOff', 'Back-off pulling image "registry.local/checkout:bad"', {
          containerID: old.containerID,
        }),
      },
    ],
    [
      'the same trouble as a moment before the change',
      {
        image: v2,
        before: { ...old, waiting: 'CreateContainerConfigError' },
        status: waiting('CreateContainerConfigError', 'configmap "x" not found'),
        changed: 3,
      },
    ],
  ])('%s', (_, options) => {
    expect(judge(options)).toMatchObject({ is: 'waiting' });
  });

  it('until minReady is over, counted from the later of readiness and start', () => {
    const options: PodOptions = { image: v2, status: running(v2), readySince: -19 };
    expect(judge(options, { minReadyMs: 60_000 })).toEqual({ is: 'waiting', again: noon + 41_000 });
    // Ready never went off while the container was replaced.
    const quick: PodOptions = { ...options, readySince: -3_600 };
    expect(judge(quick, { minReadyMs: 60_000 })).toEqual({ is: 'waiting', again: noon + 40_000 });
    expect(judge(options, { minReadyMs: 19_000 })).toEqual({ is: 'done' });
  });

  it('says when to look again: when it will count as settled, at the latest at the time-out', () => {
    expect(judge({ image: v2, status: running(v1, { imageID: old.imageID }), changed: 4 })).toEqual({
      is: 'waiting',
      again: noon + 6_000,
    });
    expect(judge({ image: v2 })).toEqual({ is: 'waiting', again: noon + 270_000 });
  });
});

describe('between two containers', () => {
  const image = v2;
  const partial = (options: Omit<PodOptions, 'image'>, wanted: Partial<Wanted> = {}) =>
    judge({ image, ...options }, { partial: true, ...wanted });

  it('the first one is ready: the pod need not be, the other container may be why', () => {
    expect(partial({ status: running(v2), ready: false })).toEqual({ is: 'done' });
    expect(judge({ image, status: running(v2), ready: false })).toMatchObject({ is: 'waiting' });
  });

  it('the first one is not ready: waiting, and failed when the time is over', () => {
    const status = running(v2, { ready: false });
    expect(partial({ status, ready: true })).toMatchObject({ is: 'waiting' });
    expect(partial({ status }, { since: at(-301) })).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining('app runs, but its readiness probe does not pass'),
    });
  });

  it('ready since its start is not yet well: a container without a probe is so before it crashes', () => {
    const status = running(v2, { state: { running: { startedAt: at(-1) } } });
    expect(partial({ status, ready: false })).toEqual({ is: 'waiting', again: noon + 1_000 });
    expect(partial({ status, ready: false }, { minReadyMs: 10_000 })).toEqual({ is: 'waiting', again: noon + 9_000 });
  });

  it('a crash loop: failed at once', () => {
    const status = waiting('CrashLoopBackOff', 'back-off', { image: v2 });
    expect(partial({ status })).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining('app: CrashLoopBackOff'),
    });
  });

  it('in a rollback it is enough that the first one was made anew; and at last it goes on without', () => {
    const status = running(v2, { ready: false });
    expect(partial({ status }, { undo: true })).toEqual({ is: 'done' });
    const old1 = running(v1, { containerID: old.containerID, imageID: old.imageID });
    expect(partial({ status: old1 }, { undo: true })).toMatchObject({ is: 'waiting' });
    expect(partial({ status: old1 }, { undo: true, since: at(-301) })).toEqual({ is: 'done' });
  });
});

describe('failed', () => {
  const ended = { terminated: { exitCode: 137, reason: 'OOMKilled', message: 'password=hunter2' } };

  it.each<[string, PodOptions, RegExp]>([
    [
      'CrashLoopBackOff, with the exit, without the log',
      {
        image: v2,
        status: waiting('CrashLoopBackOff', 'back-off 10s restarting failed container', {
          image: v2,
          lastState: ended,
        }),
      },
      /^app: CrashLoopBackOff: back-off 10s restarting failed container \(exit code 137, OOMKilled\)$/,
    ],
    [
      'ImagePullBackOff',
      {
        image: v2,
        status: waiting('ImagePullBackOff', `Back-off pulling image "${v2}"`, { containerID: old.containerID }),
      },
      /^app: ImagePullBackOff: Back-off/,
    ],
    [
      'InvalidImageName',
      { image: 'Bad::', status: waiting('InvalidImageName', 'couldn’t parse image name') },
      /InvalidImageName/,
    ],
    [
      'ErrImageNeverPull',
      { image: v2, status: waiting('ErrImageNeverPull', 'not present with pull policy of Never') },
      /ErrImageNeverPull/,
    ],
    [
      'CreateContainerConfigError',
      { image: v2, status: waiting('CreateContainerConfigError', 'secret "x" not found') },
      /secret "x" not found/,
    ],
    [
      'RunContainerError',
      { image: v2, status: waiting('RunContainerError', 'exec: "/app": not found') },
      /RunContainerError/,
    ],
    [
      'it exits again and again',
      { image: v2, status: running(v2, { ready: false, restartCount: 3, lastState: ended }) },
      /exited 2 times without getting ready \(exit code 137/,
    ],
  ])('%s', (_, options, reason) => {
    const judgement = judge(options);
    expect(judgement).toEqual({ is: 'failed', code: 'POD_FAILED', reason: expect.stringMatching(reason) });
    expect(JSON.stringify(judgement)).not.toContain('hunter2');
    // A rollback has nothing better to do than to wait for kubelet's next try.
    expect(judge(options, { undo: true })).toMatchObject({ is: 'waiting' });
  });

  it.each<[string, PodOptions, RegExp]>([
    ['a probe', { image: v2, status: running(v2, { ready: false }) }, /app runs, but its readiness probe/],
    [
      'a pull that is still tried',
      { image: v2, status: waiting('ErrImagePull', 'no such host') },
      /app: ErrImagePull: no such host/,
    ],
    [
      'a node that is silent',
      { image: v2, status: running(v1, { containerID: old.containerID, imageID: old.imageID }) },
      /not ready after 10 s/,
    ],
  ])('when the time is over, and says what was missing: %s', (_, options, reason) => {
    expect(judge(options, { readyTimeoutMs: 10_000 })).toEqual({
      is: 'failed',
      code: 'POD_FAILED',
      reason: expect.stringMatching(reason),
    });
  });

  it('when somebody set another image, but only when the time is over: another worker may know more', () => {
    const options: PodOptions = { image: 'registry.local/checkout:v9', status: running(v2) };
    expect(judge(options, { images: { app: v2 } })).toMatchObject({ is: 'waiting' });
    expect(judge(options, { images: { app: v2 }, readyTimeoutMs: 1 })).toMatchObject({
      is: 'failed',
      code: 'WORKLOAD_CHANGED',
      reason: expect.stringContaining('v9'),
    });
  });
});

describe('a pod that was made anew', () => {
  /** Of a change that is none of images: none is named as changed. */
  const images = {};
  const born: PodOptions = { image: v2, before: null, ready: false };
  const looped = (name: string) =>
    waiting('CrashLoopBackOff', 'back-off 10s restarting failed container', {
      name,
      // As some runtimes report a tag of an image that has several.
      image: 'sha256:cafe',
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
    });
  const initializing = waiting('PodInitializing', '', { containerID: '' });

  it.each<[string, PodOptions, string]>([
    ['a crash loop', { ...born, status: looped('app') }, 'app: CrashLoopBackOff: '],
    [
      'of a container that nobody changed',
      { ...born, status: running(v2), others: [looped('proxy')] },
      'proxy: CrashLoopBackOff: ',
    ],
    [
      'a missing ConfigMap',
      { ...born, status: waiting('CreateContainerConfigError', 'configmap "x" not found', { containerID: '' }) },
      'app: CreateContainerConfigError: configmap "x" not found',
    ],
    [
      'Init:CrashLoopBackOff',
      { ...born, status: initializing, inits: [running('s', { name: 'ok' }), looped('setup')] },
      'init container setup: CrashLoopBackOff: back-off 10s restarting failed container (exit code 1, Error)',
    ],
    [
      'Init:ImagePullBackOff',
      { ...born, status: initializing, inits: [waiting('ImagePullBackOff', 'Back-off', { name: 'setup' })] },
      'init container setup: ImagePullBackOff: Back-off',
    ],
  ])('fails at once: %s', (_, options, reason) => {
    const expected = { is: 'failed', code: 'POD_FAILED', reason: expect.stringContaining(reason) };
    expect(judge(options, { images })).toEqual(expected);
    // The new pods of blue/green and a canary.
    expect(judge(options)).toEqual(expected);
    expect(judge(options, { images, undo: true })).toMatchObject({ is: 'waiting' });
  });

  it.each<[string, PodOptions, string]>([
    [
      'its probe',
      { ...born, status: running(v2, { ready: false }) },
      'app runs, but its readiness probe does not pass',
    ],
    [
      'Init:Error',
      {
        ...born,
        status: initializing,
        inits: [running('s', { name: 'setup', ready: false, state: { terminated: { exitCode: 3, reason: 'Error' } } })],
      },
      'init container setup: it ended (exit code 3, Error)',
    ],
    [
      'one that runs still',
      { ...born, status: initializing, inits: [running('s', { name: 'setup', ready: false })] },
      'init container setup: it still runs',
    ],
    ['all of them through', { ...born, status: initializing, inits: [running('s', { name: 'ok' })] }, 'app: PodIni'],
  ])('waits, and is told by %s when the time is over', (_, options, reason) => {
    expect(judge(options, { images })).toMatchObject({ is: 'waiting' });
    expect(judge(options, { images, readyTimeoutMs: 1 })).toMatchObject({
      is: 'failed',
      reason: expect.stringContaining(`not ready after 0.001 s: ${reason}`),
    });
  });

  it('one that was changed as it is, is judged by what changed alone', () => {
    const changed: PodOptions = { image: v2, status: running(v2, { ready: false }), others: [looped('proxy')] };
    expect(judge(changed)).toMatchObject({ is: 'waiting' });
  });
});

describe('gone', () => {
  it.each<[string, PodOptions]>([
    ['deleted', { image: v2, status: running(v2), metadata: { deletionTimestamp: at(-1) } }],
    ['evicted', { image: v2, phase: 'Failed' }],
  ])('%s', (_, options) => {
    expect(judge(options)).toEqual({ is: 'gone' });
  });
});

describe('rollback', () => {
  const sick: PodOptions = {
    image: v1,
    before: { ...old, image: v2, imageID: 'x' },
    status: running(v1, { ready: false }),
  };

  it('asks no more of a pod than it was before', () => {
    expect(judge(sick, { undo: true, wasReady: false })).toEqual({ is: 'done' });
    expect(judge(sick, { undo: true, wasReady: true })).toMatchObject({ is: 'waiting' });
    expect(judge(sick, { undo: false, wasReady: false })).toMatchObject({ is: 'waiting' });
  });
});

describe('property', () => {
  const status = fc.record({
    image: fc.constantFrom(v1, v2, 'sha256:cafe'),
    imageID: fc.constantFrom(old.imageID, 'registry.local/checkout@sha256:bbbb', ''),
    containerID: fc.constantFrom('', old.containerID, 'containerd://2222'),
    ready: fc.boolean(),
    restartCount: fc.nat(5),
  });

  it('no pod is ever done on the container it had, as long as that is not of the wanted image', () => {
    fc.assert(
      fc.property(status, fc.integer({ min: 0, max: 3_600 }), fc.boolean(), (found, changed, undo) => {
        const { is } = judge({ image: v2, status: running(found.image, found), changed }, { undo });
        const same = found.containerID === old.containerID && found.image === v1;
        expect(is === 'done' && (same || !found.ready || found.containerID === '')).toBe(false);
      }),
    );
  });

  it('a pod that waits asks to be looked at later, never at once', () => {
    fc.assert(
      fc.property(status, fc.integer({ min: 0, max: 3_600 }), fc.nat(600_000), (found, changed, minReadyMs) => {
        const judgement = judge({ image: v2, status: running(found.image, found), changed }, { minReadyMs });
        expect(judgement.is === 'waiting' && judgement.again <= noon).toBe(false);
      }),
    );
  });
});

describe('recordOf', () => {
  it('keeps what will be compared, of the containers that change', () => {
    const pod = podOf({ image: v1, before: null, status: running(v1, { restartCount: 4 }) });
    expect(recordOf(pod, { app: v2 }, new Date(noon))).toEqual({
      at: at(0),
      containers: {
        app: {
          image: v1,
          containerID: 'containerd://2222',
          imageID: 'registry.local/checkout@sha256:bbbb',
          restarts: 4,
        },
      },
    });
    expect(recordOf(pod, { app: v1 }, new Date(noon)).containers).toEqual({});
  });

  it('knows when kubelet had not caught up with the change before, and what it waited for', () => {
    const pod = podOf({ image: v2, status: waiting('ImagePullBackOff', 'x', { image: v1 }) });
    expect(recordOf(pod, { app: v1 }, new Date(noon)).containers['app']).toMatchObject({
      behind: true,
      waiting: 'ImagePullBackOff',
    });
  });
});
