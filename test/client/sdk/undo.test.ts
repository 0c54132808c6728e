import { describe, expect, it } from 'vitest';
import { withoutGates } from '../../../client/sdk/spec/withoutGates.ts';
import { undoOf } from '../../../client/sdk/undo.ts';
import { type ErrorCode, SluiceError } from '../../../workflows/contract/errors.ts';
import type { NativeRevision } from '../../../workflows/contract/history.ts';
import { specOf } from '../../contract/observations.ts';

const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };
const revision = (number: number, app: string, change: Partial<NativeRevision> = {}) => ({
  native: { revision: number, current: false, images: { app, proxy: 'envoy:1' }, createdAt: '', ...change },
});
const history = (...entries: ReturnType<typeof revision>[]) => ({ target, entries });
const three = history(revision(5, 'c:v3', { current: true }), revision(4, 'c:v2@sha256:aa'), revision(2, 'c:v1'));

function refusal(act: () => unknown): { code: ErrorCode; message: string; next: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof SluiceError) return { code: error.code, message: error.message, next: error.next };
  }
  throw new Error('it was not refused');
}

describe('where an undo goes', () => {
  it('to the revision before, with the images that change, spelled as they were', () => {
    expect(undoOf(three)).toEqual({ revision: 4, images: { app: 'c:v2@sha256:aa' }, back: 1 });
  });

  it('to the one that is named', () => {
    expect(undoOf(three, 2)).toEqual({ revision: 2, images: { app: 'c:v1' }, back: 2 });
  });

  it('scenario 58: not to one that is not there; those there are, are named', () => {
    expect(refusal(() => undoOf(three, 3))).toMatchObject({
      code: 'REVISION_NOT_FOUND',
      message: 'deployment/checkout has no revision 3; there are 5 (v3, 1), 4 (v2, 1), 2 (v1, 1).',
    });
  });

  it('nowhere, where nothing older is kept (revisionHistoryLimit: 0)', () => {
    expect(refusal(() => undoOf(history(revision(5, 'c:v3', { current: true })))).code).toBe('REVISION_NOT_FOUND');
  });

  it('not to the current one', () => {
    expect(refusal(() => undoOf(three, 5)).code).toBe('IMAGE_UNCHANGED');
  });

  it('not where more than images differs, with what does and what helps', () => {
    const differs = 'spec.containers[0].env: nothing instead of something';
    const found = refusal(() =>
      undoOf(history(revision(2, 'c:v2', { current: true }), revision(1, 'c:v1', { differs }))),
    );
    expect(found.code).toBe('NOT_IN_PLACE');
    expect(found.message).toContain(differs);
    expect(found.next).toContain('kubectl rollout undo deployment/checkout -n shop --to-revision=1');
  });
});

it('without gates nothing waits and nothing is analysed, and each pod is still checked', () => {
  const spec = specOf({
    gates: { afterGray: { bake: '5m', approval: { required: 2 } }, afterBatch: { bake: '1m', approval: {} } },
    checks: [{ http: { path: '/health' } }, { prometheus: { server: 'http://p', query: 'q', max: 1 } }],
  });
  const quick = withoutGates(spec);
  expect(quick.gates).toEqual({
    afterGray: { bake: '0s', approval: false },
    afterBatch: { bake: '0s', approval: false },
  });
  expect(quick.checks).toEqual([expect.objectContaining({ http: expect.anything() as unknown })]);
  expect({ ...quick, gates: spec.gates, checks: spec.checks }).toEqual(spec);
});
