import { expect, test } from 'vitest';
import { listLines } from '../../../../client/cli/view/list.ts';
import type { ReleaseSummary } from '../../../../client/sdk/list.ts';
import { later, look, startedAt, target } from '../fixtures.ts';

const releases: ReleaseSummary[] = [
  {
    id: 'a',
    run: 'run-2',
    target,
    app: 'checkout',
    version: 'v2',
    phase: 'gate',
    waiting: true,
    initiator: 'anna',
    startedAt: later(20),
  },
  {
    id: 'b',
    run: 'run-1',
    target: { ...target, namespace: 'payments', name: 'ledger' },
    app: 'ledger',
    version: 'v10',
    phase: 'rolledBack',
    waiting: false,
    initiator: 'ci',
    startedAt,
    endedAt: later(45),
  },
];

test('one line a release, aligned', () => {
  expect(listLines(releases, look())).toEqual([
    'WORKLOAD              NAMESPACE   CLUSTER   VERSION   PHASE          BY     AGE…',
    'deployment/checkout   shop        local     v2        gate (waits)   anna   40s…',
    'deployment/ledger     payments    local     v10       rolled back    ci     60s…',
  ]);
});

test('wide shows everything', () => {
  expect(listLines(releases, look(), { wide: true })[2]).toBe(
    'deployment/ledger     payments    local     v10       rolled back    ci     60s   45s    run-1',
  );
});
