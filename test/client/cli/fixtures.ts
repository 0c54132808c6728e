import picocolors from 'picocolors';
import type { Look } from '../../../client/cli/view/look.ts';
import { lookFor } from '../../../client/cli/view/look.ts';
import type { Plan, PlannedBatch } from '../../../workflows/contract/plan.ts';
import type { BatchStatus, PodState, PodStatus, ReleaseStatus } from '../../../workflows/contract/status.ts';

// Views show local time; here that is UTC.
process.env['TZ'] = 'UTC';

/** Noon is the start of every release here; views are drawn a minute later. */
export const startedAt = '2026-11-21T12:00:00.000Z';
export const later = (seconds: number): string => new Date(Date.parse(startedAt) + seconds * 1000).toISOString();

export const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' } as const;

export function look(options: Partial<Look> & { colour?: boolean } = {}): Look {
  const { colour = false, ...rest } = options;
  const screen = {
    write: () => undefined,
    isTTY: true,
    size: () => ({ columns: 80, rows: 24 }),
    onResize: () => () => undefined,
  };
  return {
    ...lookFor(screen, { env: { LANG: 'C.UTF-8' }, now: () => Date.parse(later(60)) }),
    colours: picocolors.createColors(colour),
    ...rest,
  };
}

/** `pods('gray', 'done', 'wait')`: two pods, on nodes in turn. */
export function batch(
  name: string,
  state: BatchStatus['state'],
  states: readonly (PodState | readonly [PodState, string])[],
): BatchStatus {
  return {
    name,
    state,
    workflow: `release/local/shop/deployment/checkout/run-1/${name}`,
    pods: states.map((entry, index): PodStatus => {
      const [podState, reason] = typeof entry === 'string' ? [entry, undefined] : entry;
      return {
        name: `checkout-7c9d8b5f4-${name.replaceAll('-', '').slice(0, 3)}${String(index).padStart(2, '0')}`,
        uid: `${name}-${index}`,
        node: `node-${index % 3}`,
        state: podState,
        ...(reason !== undefined && { reason }),
      };
    }),
  };
}

export function status(changes: Partial<ReleaseStatus> = {}): ReleaseStatus {
  const batches = changes.batches ?? [batch('gray', 'waiting', ['queued'])];
  const pods = batches.flatMap((one) => one.pods);
  return {
    id: 'release/local/shop/deployment/checkout',
    run: 'run-1',
    app: 'checkout',
    target,
    version: 'v2',
    fromVersion: 'v1',
    initiator: 'anna',
    startedAt,
    phase: 'batch',
    text: 'Upgrading gray.',
    batches,
    progress: {
      total: pods.length,
      done: pods.filter((pod) => pod.state === 'done').length,
      failed: pods.filter((pod) => pod.state === 'failed').length,
    },
    log: [{ at: startedAt, text: 'Started: 12 pods in 4 batches.' }],
    refused: [],
    notUndone: [],
    ...changes,
  };
}

export const repeat = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

export const atGate = (): ReleaseStatus =>
  status({
    phase: 'gate',
    text: 'Waits at after-gray for approval from team-checkout: 1 of 2.',
    waiting: {
      for: 'approval',
      gate: 'after-gray',
      since: later(18),
      approvals: {
        have: [{ by: 'ben', verified: false, at: later(40), reason: 'logs look fine' }],
        required: 2,
        from: ['team-checkout'],
      },
    },
    batches: [
      batch('gray', 'done', ['done']),
      batch('batch-1', 'waiting', repeat(3, 'queued')),
      batch('batch-2', 'waiting', repeat(4, 'queued')),
      batch('batch-3', 'waiting', repeat(4, 'queued')),
    ],
    log: [
      { at: startedAt, text: 'Started: 12 pods in 4 batches.' },
      { at: later(18), text: 'gray is done; gate after-gray is open.' },
      { at: later(40), text: 'Approved after-gray (1 of 2). (logs look fine)', by: 'ben' },
    ],
    refused: [
      {
        at: later(45),
        name: 'approve',
        by: 'eve',
        code: 'NOT_ALLOWED',
        text: 'eve may not decide on after-gray; its approvers are team-checkout.',
      },
    ],
  });

export const inBatch = (): ReleaseStatus =>
  status({
    text: 'Upgrading batch-2.',
    batches: [
      batch('gray', 'done', ['done']),
      batch('batch-1', 'done', repeat(3, 'done')),
      batch('batch-2', 'running', ['done', 'wait', 'silence', 'queued']),
      batch('batch-3', 'waiting', repeat(4, 'queued')),
    ],
  });

export const rollingBack = (): ReleaseStatus =>
  status({
    version: 'v3-crash',
    phase: 'rollingBack',
    text: 'Rolling back for sluice: checkout-7c9d8b5f4-gra00: CrashLoopBackOff: back-off 10s restarting failed container app',
    batches: [
      batch('gray', 'undoing', [['patch', 'CrashLoopBackOff: back-off 10s restarting failed container app']]),
      batch('batch-1', 'waiting', repeat(3, 'queued')),
    ],
    failure: {
      code: 'POD_FAILED',
      text: 'checkout-7c9d8b5f4-gra00: CrashLoopBackOff: back-off 10s restarting failed container app',
      next: 'Look at its logs; the release rolls back or holds as onFailure says.',
    },
  });

const plannedBatch = (name: string, gate: PlannedBatch['gate'], count: number): PlannedBatch => ({
  name,
  gate,
  mayFail: 0,
  pods: Array.from({ length: count }, (_, index) => ({
    name: `checkout-7c9d8b5f4-${name.replaceAll('-', '').slice(0, 3)}${String(index).padStart(2, '0')}`,
    uid: `${name}-${index}`,
    node: `node-${index % 3}`,
    zone: ['a', 'b', 'c'][index % 3] ?? 'a',
    ready: true,
  })),
});

export function plan(perBatch = 4): Plan {
  return {
    app: 'checkout',
    target,
    uid: 'uid-1',
    mode: { asked: 'InPlaceIfPossible', used: 'InPlace', reason: 'In place: only images change.' },
    change: {
      from: { app: 'registry.local/checkout:v1' },
      to: { app: `registry.local/checkout:v2@sha256:${'0123456789abcdef'.repeat(4)}` },
      version: 'v2',
      fromVersion: 'v1',
    },
    batches: [
      plannedBatch(
        'gray',
        { id: 'after-gray', bakeMs: 300_000, approval: { required: 1, from: ['team-checkout'], onExpiry: 'hold' } },
        1,
      ),
      plannedBatch('batch-1', { id: 'after-batch-1', bakeMs: 30_000 }, perBatch),
      plannedBatch('batch-2', { id: 'after-batch-2', bakeMs: 0 }, perBatch),
    ],
    replicas: 1 + perBatch * 2,
    maxUnavailable: 3,
    minReadyMs: 0,
    readyTimeoutMs: 300_000,
    traffic: { through: [{ service: 'checkout' }], quietMs: 5_000, maxDrainMs: 60_000, onDrainTimeout: 'Stop' },
    checks: [{ http: { path: '/health', expect: 200, timeout: '5s' } }],
    notify: [],
    onFailure: 'Rollback',
    rollback: 'AtOnce',
    shape: {
      batches: { count: 2 },
      maxUnavailable: 3,
      spreadBy: 'topology.kubernetes.io/zone',
      gate: { bakeMs: 30_000 },
    },
    limits: { progressMs: 600_000 },
    writes: [
      'pause deployment/checkout',
      'label its pods, then the selector of Service checkout',
      'a ReplicaSet of the old revision, the template, resume',
    ],
    estimateSeconds: 415,
    warnings: [
      {
        code: 'AUTOSCALER',
        message: 'HorizontalPodAutoscaler checkout may add pods during the release; they are brought along.',
      },
    ],
  };
}
