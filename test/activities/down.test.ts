import { describe, expect, it } from 'vitest';
import { downElsewhere } from '../../activities/down.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { marks } from '../../workflows/contract/names.ts';
import { at, podOf, running } from './kubernetes/pods.ts';

const image = 'registry.local/checkout:v1';

/** A pod of that UID, ready. `replaces`: UID of the one in whose place it was born. */
const pod = (uid: string, is: 'ready' | 'down' | 'leaving' = 'ready', replaces?: string): Pod =>
  podOf({
    image,
    status: running(image),
    ready: is !== 'down',
    metadata: {
      name: `pod-${uid}`,
      uid,
      ...(is === 'leaving' && { deletionTimestamp: at(-600) }),
      ...(replaces !== undefined && { annotations: { [marks.replaces]: replaces } }),
    },
  });
const refs = (...uids: readonly string[]) => uids.map((uid) => ({ name: `pod-${uid}`, uid }));

describe('before a batch', () => {
  it.each<[string, readonly Pod[], number, readonly string[], readonly (string | null)[]]>([
    ['all are ready', [pod('a'), pod('b'), pod('c')], 3, ['a'], []],
    ['another one is not ready', [pod('a'), pod('b', 'down'), pod('c')], 3, ['a'], ['pod-b']],
    ['one of the batch is not ready: it is counted there', [pod('a', 'down'), pod('b')], 2, ['a'], []],
    ['one is stuck leaving, and its name is taken', [pod('a'), pod('b'), pod('c', 'leaving')], 3, ['a'], [null]],
    ['one of the batch is', [pod('a'), pod('b'), pod('c', 'leaving')], 3, ['a', 'c'], [null]],
    ['one is leaving, and its successor is ready', [pod('a'), pod('b'), pod('c', 'leaving')], 2, ['a'], []],
    ['a quota lets two not be made', [pod('a'), pod('b', 'down')], 4, ['a'], ['pod-b', null, null]],
    ['it was scaled in, and one more is there still', [pod('a'), pod('b'), pod('c')], 2, ['a'], []],
  ])('%s', (_, all, wanted, asked, expected) => {
    expect(downElsewhere(all, wanted, { pods: refs(...asked), atRest: true })).toEqual(expected);
  });
});

describe('in a batch that makes pods anew', () => {
  const batch = { pods: refs('a', 'b') };

  it.each<[string, readonly Pod[], readonly (string | null)[]]>([
    ['nobody is born in the place of the first yet: it is in hand', [pod('b'), pod('c')], []],
    ['it is leaving', [pod('a', 'leaving'), pod('b'), pod('c')], []],
    ['its successor is not ready: it is in hand', [pod('n', 'down', 'a'), pod('b'), pod('c')], []],
    ['its successor serves', [pod('n', 'ready', 'a'), pod('b'), pod('c')], []],
    ['meanwhile one of the others is leaving', [pod('n', 'down', 'a'), pod('b'), pod('c', 'leaving')], [null]],
    ['and one of the others is not ready', [pod('b'), pod('c', 'down')], ['pod-c']],
  ])('%s', (_, all, expected) => {
    expect(downElsewhere(all, 3, batch)).toEqual(expected);
  });
});
