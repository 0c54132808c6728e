import { expect, test } from 'vitest';
import { planLines } from '../../../../client/cli/view/plan.ts';
import { waitingLines } from '../../../../client/cli/view/waiting.ts';
import { look, plan, status } from '../fixtures.ts';

test('a plan says which Service is switched, what shows it before, and how long there is a way back', () => {
  const blueGreen = { services: ['checkout', 'checkout-lb'], previewService: 'checkout-preview', keepOldMs: 600_000 };
  const text = planLines({ ...plan(2), blueGreen }, look(), { wide: true }).join('\n');
  expect(text).toContain('5 now, and as many beside them until the old ones go');
  expect(text).toContain(
    'service checkout, checkout-lb is switched, seen before through checkout-preview; back in one step for 10m',
  );
});

test('after the switch it shows how to end the time to go back, and how to go back', () => {
  const waiting = {
    for: 'bake',
    gate: 'after-switch',
    since: '2026-11-21T12:00:00.000Z',
    until: '2026-11-21T12:10:00.000Z',
  } as const;
  const lines = (early: boolean) =>
    waitingLines({ ...status(), phase: 'gate', waiting: { ...waiting, ...(early && { early }) } }, look(), {
      cluster: 'local',
    });
  expect(lines(true).join('\n')).toMatch(
    /after-switch[\s\S]*sluice approve deployment[\s\S]*sluice rollback deployment/,
  );
  expect(lines(false)).toHaveLength(1);
});
