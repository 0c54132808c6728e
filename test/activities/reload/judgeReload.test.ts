import { describe, expect, it } from 'vitest';
import { judgeReload } from '../../../activities/reload/judgeReload.ts';
import type { ReloadEntry } from '../../../activities/reload/record.ts';
import { marks } from '../../../workflows/contract/names.ts';
import type { PlannedReload } from '../../../workflows/contract/reload.ts';
import { at, noon, podOf, running } from '../kubernetes/pods.ts';

const reload: PlannedReload = { version: 'c7', containers: ['app'], action: { signal: 'HUP' }, timeoutMs: 1000 };
const wanted = {
  reload,
  holder: 'release|1',
  since: at(-5),
  wasReady: true,
  minReadyMs: 0,
  readyTimeoutMs: 60_000,
  undo: false,
  ownGates: [],
};

function pod(entry: Partial<ReloadEntry> | null, status: Parameters<typeof running>[1] = {}, ready = true) {
  const whole = {
    version: 'c7',
    containerID: 'containerd://2222',
    release: 'release|1',
    at: at(-10),
    state: 'Done',
    ...entry,
  };
  return podOf({
    image: 'r/app:v1',
    status: running('r/app:v1', { ready, ...status }),
    readySince: -100,
    metadata:
      entry === null ? { annotations: {} } : { annotations: { [marks.reloaded]: JSON.stringify({ app: whole }) } },
  });
}

const judge = (...[entry, status, ready]: Parameters<typeof pod>) =>
  judgeReload(pod(entry, status, ready), wanted, noon);

describe('a pod that was reloaded', () => {
  it('is done when it is ready and has stood for 2 s, or for minReadySeconds', () => {
    expect(judge({})).toEqual({ is: 'done' });
    expect(judge({ at: at(-1) })).toEqual({ is: 'waiting', again: noon + 1000 });
    expect(judgeReload(pod({}), { ...wanted, minReadyMs: 15_000 }, noon)).toEqual({
      is: 'waiting',
      again: noon + 5000,
    });
  });

  it('is waited for while it is not ready, and has failed when the time is over', () => {
    expect(judge({}, {}, false)).toEqual({ is: 'waiting', again: noon + 55_000 });
    expect(judgeReload(pod({}, {}, false), wanted, noon + 56_000)).toMatchObject({
      is: 'failed',
      code: 'POD_FAILED',
      reason: expect.stringContaining('not ready 60 s after its reload'),
    });
  });

  it('has failed when its container was started anew since, with what became of the one before', () => {
    const lastState = { terminated: { exitCode: 2, reason: 'Error' } };
    expect(judge({}, { containerID: 'containerd://3333', lastState })).toEqual({
      is: 'failed',
      code: 'POD_FAILED',
      reason: 'app was started anew after its reload, and runs what its image has (Error, exit code 2)',
    });
  });

  it('is not judged by a state that is older than its record, nor by the record of another release', () => {
    expect(judge(null)).toEqual({ is: 'waiting', again: noon + 55_000 });
    expect(judge({ release: 'release|0', version: 'c6' })).toMatchObject({ is: 'waiting' });
    expect(judge({ release: 'release|0' })).toEqual({ is: 'done' });
  });

  it('is gone when it is deleted; a rollback asks no more than it was', () => {
    const leaving = pod({});
    const gone = { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: at(0) } };
    expect(judgeReload(gone, wanted, noon)).toEqual({ is: 'gone' });
    expect(judgeReload(pod(null), { ...wanted, undo: true }, noon)).toEqual({ is: 'done' });
    expect(judgeReload(pod(null, {}, false), { ...wanted, undo: true, wasReady: false }, noon)).toEqual({ is: 'done' });
    expect(judgeReload(pod(null, {}, false), { ...wanted, undo: true }, noon)).toMatchObject({ is: 'waiting' });
  });
});
