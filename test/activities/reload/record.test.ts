import { describe, expect, it } from 'vitest';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { handles } from '../../../activities/reload/probe.ts';
import {
  entriesOn,
  hasFailed,
  isTouched,
  type ReloadEntry,
  reloadedOn,
  runsVersion,
  withEntry,
} from '../../../activities/reload/record.ts';
import { marks } from '../../../workflows/contract/names.ts';
import type { PlannedReload } from '../../../workflows/contract/reload.ts';
import { at, podOf, running } from '../kubernetes/pods.ts';

const reload: PlannedReload = { version: 'c7', containers: ['app'], action: { signal: 'HUP' }, timeoutMs: 1000 };
const entry: ReloadEntry = {
  version: 'c7',
  containerID: 'containerd://2222',
  release: 'release|1',
  at: at(-10),
  state: 'Done',
};
const noted = (text: string): Pod =>
  podOf({
    image: 'r/app:v1',
    status: running('r/app:v1'),
    metadata: { annotations: { [marks.reloaded]: text } },
  });
const pod = (change: Partial<ReloadEntry> = {}): Pod => noted(JSON.stringify({ app: { ...entry, ...change } }));

describe('the record of a reload', () => {
  it('holds as long as the container is the same', () => {
    expect(reloadedOn(pod())).toEqual({ app: 'c7' });
    expect(runsVersion(pod(), reload)).toBe(true);
    expect(runsVersion(pod(), { ...reload, containers: ['app', 'proxy'] })).toBe(false);
    expect(runsVersion(pod({ containerID: 'containerd://1111' }), reload)).toBe(false);
    expect(runsVersion(pod({ version: 'c6' }), reload)).toBe(false);
  });

  it.each(['Running', 'Failed', 'Impossible'] as const)('does not count while it is %s', (state) => {
    expect(reloadedOn(pod({ state }))).toEqual({});
    expect(isTouched(pod({ state }), reload, 'release|1')).toBe(true);
    expect(isTouched(pod({ state }), reload, 'release|2')).toBe(false);
  });

  it('tells what this release has tried in vain in the same container', () => {
    expect(hasFailed(pod({ state: 'Failed' }), reload, 'release|1')).toBe(true);
    expect(hasFailed(pod({ state: 'Impossible' }), reload, 'release|1')).toBe(true);
    expect(hasFailed(pod({ state: 'Running' }), reload, 'release|1')).toBe(false);
    expect(hasFailed(pod({ state: 'Failed' }), reload, 'release|2')).toBe(false);
    expect(hasFailed(pod({ state: 'Failed', containerID: 'containerd://1' }), reload, 'release|1')).toBe(false);
  });

  it('is written beside those of other containers, and leaves nothing behind', () => {
    const two = withEntry(pod(), 'proxy', { ...entry, version: 'p1' });
    expect(entriesOn(noted(two ?? ''))).toEqual({ app: entry, proxy: { ...entry, version: 'p1' } });
    expect(withEntry(pod(), 'app', undefined)).toBeNull();
  });

  it.each(['{', '[]', '"x"', '{"app": {}}', '{"app": null}', 'null'])('that somebody has made %s is none', (text) => {
    expect(entriesOn(noted(text))).toEqual({});
  });
});

it('the mask of /proc tells which signals a process handles', () => {
  // A Go program without and with signal.Notify(SIGHUP), a shell.
  expect(handles('fffffffd7fc1feff', 'HUP')).toBe(true);
  expect(handles('0000000000014002', 'HUP')).toBe(false);
  expect(handles('0000000000000001', 'HUP')).toBe(true);
  expect(handles('0000000000000200', 'USR1')).toBe(true);
  expect(handles('0000000000000800', 'USR2')).toBe(true);
  expect(handles('0000000008000000', 'WINCH')).toBe(true);
});
