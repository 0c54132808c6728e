import { expect, test } from 'vitest';
import { planLines } from '../../../../client/cli/view/plan.ts';
import { nextCommands, statusLines } from '../../../../client/cli/view/status.ts';
import type { ReleaseStatus } from '../../../../workflows/contract/status.ts';
import { batch, later, look, plan, startedAt, status } from '../fixtures.ts';

const defaults = { cluster: 'local' };
const change = { from: {}, to: {}, version: '2 pods out', fromVersion: 'in traffic' };

const standing = (waiting: NonNullable<ReleaseStatus['waiting']>): ReleaseStatus =>
  status({
    drain: true,
    ...change,
    phase: 'gate',
    text: `Out of traffic since ${startedAt}: checkout-7c9d8b5f4-dra00; until somebody says \`sluice restore\`.`,
    waiting,
    batches: [batch('drain', 'done', ['out', 'out'])],
    progress: { total: 2, done: 2, failed: 0 },
  });

test('a plan says who leaves traffic, through what, and what becomes of it in the end', () => {
  const { batches, ...rest } = plan(2);
  const [first] = batches.slice(1);
  const gate = { id: 'out-of-traffic', bakeMs: 7_200_000, early: true } as const;
  const drained = {
    ...rest,
    change,
    drain: {},
    checks: [],
    batches: first === undefined ? [] : [{ ...first, name: 'drain', gate }],
  };
  const lines = planLines(drained, look());
  expect(lines[0]).toContain('checkout  in traffic → 2 pods out');
  expect(lines.join('\n')).toMatch(/pods +2 of 5\n/);
  expect(lines.join('\n')).toMatch(/on failure +back into traffic\n/);
  expect(lines.join('\n')).toContain('gate out-of-traffic: bake 2h');
});

test('while pods are out it shows since when, until when, and the command that ends it', () => {
  const open = statusLines(standing({ for: 'approval', gate: 'out-of-traffic', since: later(0) }), look(), defaults);
  expect(open.join('\n')).toContain('2/2 pods');
  expect(open.join('\n')).toMatch(/Out of traffic {2}for 1m[\s\S]*sluice restore deployment\/checkout -n shop/);
  expect(open.join('\n')).not.toMatch(/sluice (approve|reject)/);
  const until = { for: 'bake', gate: 'out-of-traffic', since: later(0), until: later(7200), early: true } as const;
  const timed = statusLines(standing(until), look(), defaults);
  expect(timed.join('\n')).toMatch(/Out of traffic {2}for 1m · .* left[\s\S]*sluice restore/);
  expect(nextCommands(standing(until), defaults)).toEqual([
    'sluice status deployment/checkout -n shop --watch',
    'sluice restore deployment/checkout -n shop',
  ]);
});
