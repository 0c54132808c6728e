import { describe, expect, it } from 'vitest';
import { followUp } from '../../../client/sdk/spec/followUp.ts';
import { quickWay } from '../../../client/sdk/spec/quickWay.ts';
import { withoutGates } from '../../../client/sdk/spec/withoutGates.ts';
import { readSpec } from '../../../client/sdk/specFile.ts';
import { orderBack, undoChange, undoOf } from '../../../client/sdk/undo.ts';
import { type ErrorCode, SluiceError } from '../../../workflows/contract/errors.ts';
import type { NativeRevision } from '../../../workflows/contract/history.ts';
import type { ReleaseRecord } from '../../../workflows/contract/record.ts';
import type { ReleaseSpecInput } from '../../../workflows/contract/spec.ts';
import { validateSpec } from '../../../workflows/contract/validate.schema.ts';
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

  const restart = (from: string, to: string) =>
    ({ restart: true, phase: 'succeeded', from: { app: from }, to: { app: to } }) as unknown as ReleaseRecord;
  const digest = `sha256:${'ab'.repeat(32)}`;

  it('past what restarts left of the same version, which is no version of its own', () => {
    const pinned = `c:v2@${digest}`;
    const twice = history(
      revision(6, `c@${digest}`, { current: true }),
      revision(5, pinned),
      revision(4, 'c:v2'),
      revision(2, 'c:v1'),
    );
    const records = [restart(pinned, `c@${digest}`), restart('c:v2', pinned)].map((record) => ({ record }));
    const all = { ...twice, entries: [...twice.entries, ...records] };
    expect(undoOf(all)).toEqual({ revision: 2, images: { app: 'c:v1' }, back: 1 });
    // One that is named is gone to all the same.
    expect(undoOf(all, 5)).toEqual({ revision: 5, images: { app: pinned }, back: 0 });
    // Without records only equal digests are certain.
    expect(undoOf(twice)).toMatchObject({ revision: 4, back: 1 });
  });

  it('not where all that is kept is the version that was restarted', () => {
    const pinned = `c:v2@${digest}`;
    const kept = history(revision(2, pinned, { current: true }), revision(1, 'c:v2'));
    const found = refusal(() => undoOf({ ...kept, entries: [...kept.entries, { record: restart('c:v2', pinned) }] }));
    expect(found).toMatchObject({
      code: 'REVISION_NOT_FOUND',
      message:
        'deployment/checkout has no older version to go back to: all that it keeps (2 (v2, 1), 1 (v2, 1)) are the same version.',
    });
    const failed = { ...restart('c:v2', pinned), phase: 'rolledBack' } as ReleaseRecord;
    expect(undoOf({ ...kept, entries: [...kept.entries, { record: failed }] })).toMatchObject({ revision: 1 });
  });

  it('a revision with the same images that differs in more is another version', () => {
    const differs = 'spec.containers[0].env: nothing instead of something';
    const kept = history(revision(2, 'c:v2', { current: true }), revision(1, 'c:v2', { differs }));
    expect(undoOf(kept)).toMatchObject({ revision: 1, images: {}, differs });
  });

  it('not to the current one', () => {
    expect(refusal(() => undoOf(three, 5)).code).toBe('IMAGE_UNCHANGED');
  });

  it('the whole revision where more than images differs, else its images as they were', () => {
    const differs = 'spec.containers[0].env: nothing instead of something';
    const whole = undoOf(history(revision(2, 'c:v2', { current: true }), revision(1, 'c:v1', { differs })));
    expect(undoChange(whole, undefined)).toEqual({ revision: 1 });
    const images = undoOf(history(revision(2, 'c:v2', { current: true }), revision(1, 'c:v1')));
    expect(undoChange(images, undefined)).toEqual({ images: { app: 'c:v1' }, pin: 'Tag' });
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

describe('the quick way back', () => {
  const never = () => Promise.reject(new Error('the spec names them'));
  const limits = { maxUnavailable: 2, readyTimeout: '1m', rollback: 'InBatches' } as const;
  const beside: readonly ReleaseSpecInput['strategy'][] = [
    { mode: 'Canary', canary: { steps: ['10%', '50%'], services: ['web', 'api'] }, ...limits },
    { mode: 'BlueGreen', blueGreen: { keepOld: '1h', services: ['web', 'api'] }, ...limits },
  ];

  it.each(beside)(
    'after $mode: in place, drained where callers were switched; what bounds harm stays',
    async (strategy) => {
      const spec = specOf({ ...(strategy && { strategy }), traffic: { through: [{ service: 'web' }], quiet: '2s' } });
      const back = (await quickWay(spec, never)) ?? spec;
      expect(validateSpec(structuredClone(back))).toEqual(back);
      expect(back.strategy).toMatchObject({ mode: 'InPlaceIfPossible', ...limits });
      expect([back.strategy.canary, back.strategy.blueGreen]).toEqual([undefined, undefined]);
      expect(back.traffic).toEqual({ ...spec.traffic, through: [{ service: 'web' }, { service: 'api' }] });
      expect({ ...back, strategy: spec.strategy, traffic: spec.traffic }).toEqual(spec);
    },
  );

  it('what is switched without being named is looked for; traffic.through is enough', async () => {
    const strategy = { mode: 'BlueGreen' } as const;
    const found = await quickWay(specOf({ strategy, traffic: {} }), async () => ['web', 'checkout']);
    expect(found?.traffic.through).toEqual([{ service: 'web' }, { service: 'checkout' }]);
    expect((await quickWay(specOf({ strategy }), never))?.traffic.through).toEqual([{ service: 'checkout' }]);
  });

  it('every other mode is as quick as it can be, or was chosen because in place will not do', async () => {
    for (const mode of ['InPlaceIfPossible', 'InPlaceOnly', 'Recreate'] as const)
      expect(await quickWay(specOf({ strategy: { mode } }), never)).toBeUndefined();
  });

  it.each([
    { mode: 'HotReload', change: { reload: { version: 'r2', command: ['reload'] } } },
    { mode: 'HotSwap', change: { hotSwap: { containers: ['a', 'b'], image: 'p:v2', emptyImage: 'p:empty' } } },
  ] satisfies {
    mode: 'HotReload' | 'HotSwap';
    change: ReleaseSpecInput['change'];
  }[])('nothing of $mode is left in a release that changes something else', ({ mode, change }) => {
    const spec = specOf({ change, strategy: { mode } });
    const next = readSpec(followUp({ target, spec, change: { images: { app: 'c:v1' } } }));
    expect(next.strategy.mode).toBe('InPlaceIfPossible');
    expect(next.change).toMatchObject({ images: { app: 'c:v1' } });
    expect([next.change.reload, next.change.hotSwap]).toEqual([undefined, undefined]);
  });
});

describe('the order of containers', () => {
  const spec = { change: { order: ['proxy', ['app', 'logger']] } };
  const images = { app: 'c:v1', proxy: 'p:v1', logger: 'l:v1', extra: 'x:v1' };

  it('goes the other way, those that were not named first, as they went last', () => {
    expect(orderBack(spec, images)).toEqual([['extra'], ['app', 'logger'], ['proxy']]);
  });

  it('names only what goes back; nothing where that is all at once', () => {
    expect(orderBack(spec, { app: 'c:v1', proxy: 'p:v1' })).toEqual([['app'], ['proxy']]);
    expect(orderBack(spec, { app: 'c:v1' })).toBeUndefined();
    expect(orderBack(spec, { extra: 'x:v1', other: 'y:v1' })).toBeUndefined();
    for (const none of [undefined, {}, { change: {} }]) expect(orderBack(none, images)).toBeUndefined();
  });
});
