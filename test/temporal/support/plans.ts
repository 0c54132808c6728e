import type { Plan, PlannedBatch, PlannedGate } from '../../../workflows/contract/plan.ts';

/** A plan for `sizes` pods a batch (the first is the gray group), named a1, a2, … in order. */
export function planOf(
  sizes: readonly number[],
  change: Partial<Plan> = {},
  gates: readonly Partial<PlannedGate>[] = [],
): Plan {
  let next = 0;
  const batches = sizes.map((size, index): PlannedBatch => {
    const name = index === 0 ? 'gray' : `batch-${index}`;
    const pods = Array.from({ length: size }, () => {
      next += 1;
      return { name: `a${next}`, uid: `uid-a${next}`, node: 'node-1', ready: true };
    });
    return { name, pods, mayFail: 0, gate: { id: `after-${name}`, bakeMs: 0, ...gates[index] } };
  });
  return {
    app: 'shop',
    target: { cluster: 'sim', namespace: 'default', kind: 'deployment', name: 'shop' },
    uid: 'uid-shop',
    mode: { asked: 'InPlaceIfPossible', used: 'InPlace', reason: 'Only images change.' },
    change: { from: { app: 'app:v1' }, to: { app: 'app:v2' }, version: 'v2', fromVersion: 'v1' },
    batches,
    replicas: next,
    maxUnavailable: 2,
    minReadyMs: 0,
    readyTimeoutMs: 60_000,
    traffic: { through: [{ service: 'shop' }], quietMs: 0, maxDrainMs: 1000, onDrainTimeout: 'Stop' },
    checks: [],
    notify: [],
    onFailure: 'Rollback',
    rollback: 'AtOnce',
    shape: { batches: sizes.slice(1), maxUnavailable: 2, spreadBy: 'zone', gate: { bakeMs: 0 } },
    limits: { progressMs: 600_000 },
    writes: [],
    estimateSeconds: 1,
    warnings: [],
    ...change,
  };
}
