import { expect, test } from 'vitest';
import { changeLines } from '../../../../client/cli/view/changes.ts';
import { batch, later, look, status } from '../fixtures.ts';

const before = status({
  batches: [batch('gray', 'running', ['wait']), batch('batch-1', 'waiting', ['queued', 'queued'])],
});

test('the first look tells the log so far and the phase', () => {
  expect(changeLines(undefined, before, look())).toEqual([
    '12:00:00  Started: 12 pods in 4 batches.',
    '12:01:00  [batch] Upgrading gray.',
  ]);
});

test('later looks tell only what is new', () => {
  const now = status({
    text: 'Upgrading batch-1.',
    batches: [batch('gray', 'done', ['done']), batch('batch-1', 'running', ['wait', 'queued'])],
    log: [...before.log, { at: later(9), text: 'Approved after-gray (1 of 1).', by: 'ben' }],
    refused: [{ at: later(5), name: 'approve', by: 'eve', code: 'NOT_ALLOWED', text: 'eve may not.' }],
  });
  expect(changeLines(before, now, look())).toEqual([
    '12:00:05  ! approve refused: eve may not. (eve)',
    '12:00:09  Approved after-gray (1 of 1). (ben)',
    '12:01:00  gray: 1 of 1 pods done',
    '12:01:00  [batch] Upgrading batch-1.',
  ]);
  expect(changeLines(now, now, look())).toEqual([]);
});

test('a failed pod and the way back are told', () => {
  const failed = status({
    ...before,
    batches: [batch('gray', 'failed', [['failed', 'crash']]), ...before.batches.slice(1)],
  });
  expect(changeLines(before, failed, look())).toEqual(['12:01:00  gray: 0 of 1 pods done, 1 failed']);
  const back = status({
    ...before,
    phase: 'rolledBack',
    text: 'Rolled back.',
    batches: [batch('gray', 'undone', ['undone']), ...before.batches.slice(1)],
  });
  expect(changeLines(failed, back, look())).toEqual([
    '12:01:00  gray: 1 of 1 pods back',
    '12:01:00  [rolled back] Rolled back.',
  ]);
});
