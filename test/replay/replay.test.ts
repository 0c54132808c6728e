import { expect, it } from 'vitest';
import { howToRecord, recordedScenarios, replay } from './histories.ts';

/** The workflows of this checkout follow what releases have really done: their histories of a real Temporal and API server. */

const scenarios = recordedScenarios();

it.each(scenarios)('$scenario: $runs.length runs', { timeout: 180_000 }, async ({ runs }) => {
  expect(await replay(runs), howToRecord).toEqual([]);
});

it('there is a release that succeeded, one rolled back, one held and resumed, and one that continued as new', () => {
  const names = scenarios.map(({ scenario }) => scenario);
  expect(names.toSorted()).toEqual(['continued-as-new', 'held-and-resumed', 'rolled-back', 'succeeded']);
  const again = scenarios.find(({ scenario }) => scenario === 'continued-as-new')?.runs ?? [];
  expect(new Set(again.map(({ workflowId }) => workflowId)).size).toBeLessThan(again.length);
});
