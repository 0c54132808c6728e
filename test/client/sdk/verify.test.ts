import { describe, expect, it } from 'vitest';
import { followUp } from '../../../client/sdk/spec/followUp.ts';
import { readSpec } from '../../../client/sdk/specFile.ts';
import { undoOf } from '../../../client/sdk/undo.ts';
import { lastVersion } from '../../../client/sdk/verify.ts';
import type { SluiceError } from '../../../workflows/contract/errors.ts';
import type { ReleaseRecord } from '../../../workflows/contract/record.ts';
import { record } from '../../activities/history/records.ts';

const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };
const at = (minute: number) => ({ startedAt: `2026-11-21T06:${String(minute).padStart(2, '0')}:00Z` });
const entriesOf = (...records: ReleaseRecord[]) => records.map((one) => ({ record: one }));
const reloaded = record({ ...at(5), version: 'config-7', reload: true, from: {}, to: {} });

describe('what pods are verified by', () => {
  it('the newest release that succeeded and brought a version', () => {
    const older = record({ ...at(1), version: 'v1' });
    const rolledBack = record({ ...at(6), version: 'config-8', reload: true, phase: 'rolledBack' });
    const restart = record({ ...at(7), version: 'v1', restart: true });
    const scale = record({ ...at(8), version: '5 pods', scale: { from: 3, to: 5 } });
    expect(lastVersion(entriesOf(older, scale, reloaded, restart, rolledBack))?.version).toBe('config-7');
    expect(lastVersion(entriesOf(rolledBack, scale))).toBeUndefined();
  });
});

describe('after a reload', () => {
  const entries = [
    { record: reloaded },
    { native: { revision: 2, current: true, images: { app: 'c:v2' }, createdAt: '' } },
    { native: { revision: 1, current: false, images: { app: 'c:v1' }, createdAt: '' } },
  ];

  it('an undo is refused, which would go back from another release; one to a revision is not', () => {
    const refused = (): string => {
      try {
        return JSON.stringify(undoOf({ target, entries }));
      } catch (error) {
        return (error as SluiceError).message;
      }
    };
    expect(refused()).toContain('reloaded config-7 and made no revision');
    expect(undoOf({ target, entries }, 1)).toMatchObject({ revision: 1, images: { app: 'c:v1' } });
    const newer = { record: record({ ...at(9), version: 'v2' }) };
    expect(undoOf({ target, entries: [newer, ...entries] })).toMatchObject({ revision: 1 });
  });

  it('a restart goes by its spec, with another change and in a mode that has it', () => {
    const spec = {
      target: { cluster: 'local', workload: 'deployment/checkout' },
      change: { reload: { version: 'config-7', signal: 'HUP' } },
      strategy: { mode: 'HotReload', maxUnavailable: 2 },
    };
    const restart = readSpec(followUp({ target, spec, change: { restart: true } }));
    expect(restart).toMatchObject({
      change: { restart: true },
      strategy: { mode: 'InPlaceIfPossible', maxUnavailable: 2 },
    });
    expect(restart.change.reload).toBeUndefined();
    expect(readSpec(followUp({ target, spec })).change.reload).toMatchObject({ version: 'config-7' });
  });
});
