import { describe, expect, it } from 'vitest';
import { neededStages } from '../../workflows/batchPlan.ts';
import type { BatchInput } from '../../workflows/contract/workflows.ts';
import { Pump } from '../../workflows/pump.ts';

const traffic = { through: [{ service: 'checkout' }], quietMs: 0, maxDrainMs: 0, onDrainTimeout: 'Stop' } as const;
const births = { side: 'to', mark: 'm' } as const;
const stagesOf = (more: Partial<BatchInput> = {}) =>
  neededStages({ traffic, checks: [], undo: false, births, surge: true, ...more });
const at = '2026-01-01T00:00:00.000Z';

describe('a batch whose new pods come first', () => {
  it('drains nobody before another one serves; the old ones go last', () => {
    expect(stagesOf()).toEqual(['recreate', 'wait', 'restore', 'retire']);
    expect(stagesOf({ traffic: { ...traffic, through: [] } })).toEqual(['recreate', 'wait', 'retire']);
    expect(stagesOf({ undo: true })).toEqual(['recreate', 'wait', 'restore', 'retire']);
    expect(stagesOf({ warmUpMs: 1 })).toEqual(['recreate', 'wait', 'restore', 'warm', 'retire']);
  });

  it('a failure in the end is one, and does not begin anew', () => {
    const pump = new Pump({
      pods: [{ name: 'p', uid: 'u', wasReady: true }],
      stages: stagesOf(),
      maxUnavailable: 1,
      downElsewhere: 0,
      mayFail: 1,
      undo: false,
    });
    pump.admit(at);
    for (const stage of ['recreate', 'wait', 'restore'] as const) {
      expect(pump.take(stage, 1)).toHaveLength(1);
      pump.settle(stage, { done: ['p'], failed: [], later: [], gone: [] }, at);
    }
    expect(pump.take('retire', 1)).toHaveLength(1);
    const failed = [{ pod: 'p', code: 'DRAIN_TIMEOUT', reason: 'never silent' } as const];
    pump.settle('retire', { done: [], failed, later: [], gone: [] }, at);
    expect(pump.inHand).toBe(0);
    expect(pump.result().failed).toHaveLength(1);
  });
});
