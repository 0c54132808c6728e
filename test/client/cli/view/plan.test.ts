import { expect, test } from 'vitest';
import { planLines } from '../../../../client/cli/view/plan.ts';
import { widthOf } from '../../../../client/cli/view/text.ts';
import { look, plan } from '../fixtures.ts';

test('a plan shows the change, the pods in their order, gates, writes and warnings', () => {
  expect(planLines(plan(2), look())).toEqual([
    ' checkout  v1 → v2                            deployment/checkout · shop · local',
    '',
    ' change      app: registry.local/checkout:v1 →',
    '             registry.local/checkout:v2@sha256:0123456789ab…',
    ' how         In place: only images change.',
    ' pods        5 in 3 batches, at most 3 out of service at once',
    ' traffic     service checkout; 5s of silence, at most 1m, then stop',
    ' checks      GET /health = 200',
    ' on failure  roll back',
    ' estimate    about 6m55s, approvals left out',
    '',
    ' BATCH     POD                        NODE     ZONE   NOW',
    ' gray      checkout-7c9d8b5f4-gra00   node-0   a      ready',
    '   gate after-gray: bake 5m, 1 approval from team-checkout',
    ' batch-1   checkout-7c9d8b5f4-bat00   node-0   a      ready',
    '           checkout-7c9d8b5f4-bat01   node-1   b      ready',
    '   gate after-batch-1: bake 30s',
    ' batch-2   checkout-7c9d8b5f4-bat00   node-0   a      ready',
    '           checkout-7c9d8b5f4-bat01   node-1   b      ready',
    '   gate after-batch-2: opens by itself',
    '',
    ' Writes besides the pods',
    '  1. pause deployment/checkout',
    '  2. label its pods, then the selector of Service checkout',
    '  3. a ReplicaSet of the old revision, the template, resume',
    '',
    ' ! HorizontalPodAutoscaler checkout may add pods during the release; they are',
    '   brought along. (AUTOSCALER)',
  ]);
});

test('a restart is told as one', () => {
  const { change, ...rest } = plan(2);
  const [title, , row] = planLines({ ...rest, change: { ...change, restart: true, fromVersion: 'v2' } }, look());
  expect(title).toMatch(/^ checkout {2}restart of v2 /);
  expect(row).toMatch(/^ restart +app: /);
});

test('a thousand pods are summed up, unless all are asked for', () => {
  const lines = planLines(plan(500), look());
  expect(lines.length).toBeLessThan(50);
  expect(lines.join('\n')).toContain('… and 494 more                      a:167 b:167 c:166');
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(80);
  const wide = planLines(plan(500), look(), { wide: true });
  expect(wide.length).toBeGreaterThan(1000);
  expect(wide.join('\n')).toContain(`@sha256:${'0123456789abcdef'.repeat(4)}`);
});

test('pods that are not ready or run another version say so', () => {
  const given = plan(1);
  const [first, ...rest] = given.batches;
  const pods = (first?.pods ?? []).map((pod) => ({
    ...pod,
    ready: false,
    from: { app: 'registry.local/checkout:v0' },
  }));
  const lines = planLines({ ...given, batches: first === undefined ? rest : [{ ...first, pods }, ...rest] }, look());
  expect(lines.find((line) => line.startsWith(' gray'))).toMatch(/not ready, other version$/);
});

test('containers in order are told as one after another', () => {
  const { change, ...rest } = plan(2);
  const lines = planLines({ ...rest, change: { ...change, order: [['proxy'], ['app', 'logger']] } }, look());
  expect(lines.slice(4, 6)).toEqual([
    ' order       in each pod proxy, then app and logger, each when the one before',
    '             is ready',
  ]);
});
