import type { ReleaseRecord } from '../../../workflows/contract/record.ts';

const startedAt = '2026-11-21T12:00:00.000Z';
export const later = (seconds: number): string => new Date(Date.parse(startedAt) + seconds * 1000).toISOString();

/** A release from v1 to v2 that succeeded after a minute. */
export const record = (change: Partial<ReleaseRecord> = {}): ReleaseRecord => ({
  id: 'release/local/shop/deployment/checkout',
  run: 'run-1',
  app: 'checkout',
  initiator: 'anna',
  startedAt,
  endedAt: later(60),
  phase: 'succeeded',
  text: 'Every pod runs v2.',
  version: 'v2',
  fromVersion: 'v1',
  from: { app: 'checkout:v1' },
  to: { app: 'checkout:v2' },
  revision: 2,
  batches: [{ name: 'gray', state: 'done', pods: 1, failed: 0, seconds: 3 }],
  gates: [],
  decisions: [],
  notUndone: [],
  spec: { change: { images: { app: 'checkout:v2' } } },
  ...change,
});
