import { describe, expect, it } from 'vitest';
import { type HistoryEntry, historyEntries, type NativeRevision } from '../../workflows/contract/history.ts';
import { later, record } from '../activities/history/records.ts';

const native = (revision: number, tag: string, change: Partial<NativeRevision> = {}): NativeRevision => ({
  revision,
  current: false,
  images: { app: `checkout:${tag}`, proxy: 'envoy:1' },
  createdAt: later(revision * 100),
  ...change,
});
const shown = (entries: readonly HistoryEntry[]): string[] =>
  entries.map((entry) => `${entry.native?.revision ?? '-'} ${entry.record?.run ?? '-'}`);

describe('revisions and releases as one history', () => {
  it('joins a revision with the release that made it; releases that made none stand between by time', () => {
    const records = [
      record({ run: 'back', phase: 'rolledBack', startedAt: later(350), to: { app: 'checkout:v4' } }),
      record({ run: 'third', revision: 3, startedAt: later(300), to: { app: 'checkout:v3' } }),
      record({ run: 'second', revision: 2, startedAt: later(200) }),
    ].map(({ revision, ...rest }) =>
      rest.run === 'back' ? rest : { ...rest, ...(revision !== undefined && { revision }) },
    );
    const revisions = [native(4, 'v5', { current: true }), native(3, 'v3'), native(2, 'v2'), native(1, 'v1')];
    expect(shown(historyEntries({ revisions, records }))).toEqual(['4 -', '- back', '3 third', '2 second', '1 -']);
  });

  it('a release whose revision is not kept any more stays, on its own', () => {
    const records = [record({ run: 'second', revision: 2, startedAt: later(200) })];
    const revisions = [native(3, 'v3', { current: true })];
    expect(shown(historyEntries({ revisions, records }))).toEqual(['3 -', '- second']);
  });

  it('a number alone joins nothing: the images must be those of the release', () => {
    const records = [record({ run: 'other', revision: 2, startedAt: later(90) })];
    expect(shown(historyEntries({ revisions: [native(2, 'v9')], records }))).toEqual(['2 -', '- other']);
  });

  it('of two releases with one number (a Deployment restored from a backup) the newer one made it', () => {
    const records = [record({ run: 'new', startedAt: later(500) }), record({ run: 'old', startedAt: later(10) })];
    expect(shown(historyEntries({ revisions: [native(2, 'v2')], records }))).toEqual(['2 new', '- old']);
  });

  it('a revision whose ReplicaSet was born at a later commit stands below the releases that began with it', () => {
    const kept = (run: string, at: number, from: string) => {
      const { revision: _, ...rest } = record({ run, startedAt: later(at), from: { app: `checkout:${from}` } });
      return rest;
    };
    const made = record({ run: 'made', revision: 3, startedAt: later(900), to: { app: 'checkout:v3' } });
    const records = [made, kept('from2', 800, 'v2'), kept('from1', 700, 'v1')];
    const born = { createdAt: later(901) };
    const revisions = [native(3, 'v3', { current: true }), native(2, 'v2', born), native(1, 'v1', born)];
    expect(shown(historyEntries({ revisions, records }))).toEqual(['3 made', '- from2', '2 -', '- from1', '1 -']);
  });

  it('nothing at all is an empty history', () => {
    expect(historyEntries({ revisions: [], records: [] })).toEqual([]);
  });
});
