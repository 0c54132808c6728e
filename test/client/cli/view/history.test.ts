import { describe, expect, test } from 'vitest';
import { historyLines } from '../../../../client/cli/view/history.ts';
import { historyEntryLines } from '../../../../client/cli/view/historyEntry.ts';
import type { History } from '../../../../client/sdk/history.ts';
import type { ReleaseRecord } from '../../../../workflows/contract/record.ts';
import { record } from '../../../activities/history/records.ts';
import { later, look, startedAt, status, target } from '../fixtures.ts';

/** A release that became no revision. */
function withoutRevision(change: Partial<ReleaseRecord>): ReleaseRecord {
  const { revision: _, ...rest } = record(change);
  return rest;
}

const said = (by: string, seconds: number) => ({ by, verified: false, at: later(seconds) });
const gate = {
  id: 'after-gray',
  openedAt: later(5),
  passedAt: later(45),
  waitedMs: { bake: 10_000, approval: 30_000 },
  approvals: [said('ben', 45)],
};
const history: History = {
  target,
  running: {
    ...status({ phase: 'gate', waiting: { for: 'approval', gate: 'after-gray', since: later(20) } }),
    retrying: [],
  },
  entries: [
    {
      at: later(-300),
      native: { revision: 3, current: true, images: { app: 'checkout:v2' }, createdAt: startedAt },
      record: record({ revision: 3, startedAt: later(-300), endedAt: later(-240), gates: [gate] }),
    },
    {
      at: later(-7200),
      record: withoutRevision({
        run: 'run-0',
        initiator: 'ci\u001B[2J',
        phase: 'rolledBack',
        startedAt: later(-7200),
        endedAt: later(-7100),
        version: 'v3',
        failure: { code: 'POD_FAILED', text: 'gray: pod a1: CrashLoopBackOff', next: '' },
      }),
    },
    {
      at: later(-90_000),
      native: {
        revision: 1,
        current: false,
        images: { app: 'checkout:v1' },

        cause: 'kubectl set image',
      },
    },
  ],
};

test('a restart is told as one, in the list and in full', () => {
  const entry = {
    at: later(-300),
    native: { revision: 3, current: true, images: { app: 'checkout:v2' } },
    record: record({ revision: 3, restart: true, version: 'v2', fromVersion: 'v2' }),
  };
  expect(historyLines({ target, entries: [entry] }, look()).join('\n')).toMatch(/3 +restart of v2 /);
  expect(historyEntryLines(target, entry, look())[0]).toMatch(/^ checkout {2}restart of v2 /);
});

describe('history', () => {
  test('a line each: the running release, the current revision, one that went back, one by others', () => {
    expect(historyLines(history, look({ width: 120 }))).toEqual([
      ` deployment/checkout${' '.repeat(88)}shop · local`,
      '',
      '  REVISION   VERSION   AGE   TOOK    BY     OUTCOME         GATES',
      '⠋            v1 → v2   60s   1m      anna   gate            after-gray waits for approval, 40s',
      '▸ 3          v1 → v2   6m    1m      anna   ✓ succeeded     after-gray baked 10s, waited 30s, approved by ben',
      '             v1 → v3   2h    1m40s   ci     ↺ rolled back   gray: pod a1: CrashLoopBackOff',
      '  1          v1        25h                  by others       kubectl set image',
    ]);
  });

  test('no line is wider than the terminal; records that may not be read are told', () => {
    const lines = historyLines({ ...history, withheld: 'get configmaps shop/x: forbidden' }, look({ width: 60 }));
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(60);
    expect(lines.join(' ')).toContain('records of releases cannot be read');
  });

  test('colours are only added, the text stays', () => {
    const coloured = historyLines(history, look({ width: 120, colour: true })).join('\n');
    expect(coloured).toContain('\u001B[');
    // oxlint-disable-next-line no-control-regex -- colours are what is taken away
    expect(coloured.replaceAll(/\u001B\[\d+m/g, '')).toBe(historyLines(history, look({ width: 120 })).join('\n'));
  });

  test('one in full', () => {
    const entry = history.entries[0];
    if (entry === undefined) throw new Error('there is none');
    expect(historyEntryLines(target, entry, look({ width: 100 }))).toEqual([
      ' checkout  v1 → v2                                                deployment/checkout · shop · local',
      '',
      ' revision    3, the current one',
      ' outcome     ✓ succeeded: Every pod runs v2.',
      ' by          anna',
      ` started     ${later(-300)}, took 1m`,
      ' image       app: checkout:v1 → checkout:v2',
      '',
      ' BATCH   PODS   FAILED   TOOK   STATE',
      ' gray    1      0        3s     done',
      '',
      ' GATE         OPENED     BAKED   WAITED   APPROVED BY',
      ' after-gray   12:00:05   10s     30s      ben (unverified)   passed',
    ]);
  });
});
