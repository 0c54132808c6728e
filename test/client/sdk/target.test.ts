import { expect, test } from 'vitest';
import { parseWorkload } from '../../../client/sdk/target.ts';
import { closest } from '../../../workflows/contract/closest.ts';

test.each([
  [['deployment/checkout']],
  [['deploy/checkout']],
  [['deployment', 'checkout']],
  [['Deployments', 'checkout']],
])('%j is a workload', (words) => {
  expect(parseWorkload(words, 'shop', 'local')).toEqual({
    cluster: 'local',
    namespace: 'shop',
    kind: 'deployment',
    name: 'checkout',
  });
});

test.each([
  [[], 'No workload is named.'],
  [['/'], '"/" names no workload.'],
  [['deployment/'], 'its name is missing'],
  [['checkout'], 'its kind is missing'],
  [['a', 'b', 'c'], 'names no workload'],
  [['cronjob/db'], 'does not release the kind "cronjob"; it knows deployment, replicaset, statefulset, daemonset'],
])('%j is refused: %s', (words, text) => {
  expect(() => parseWorkload(words, 'shop', 'local')).toThrow(text);
});

test('what was probably meant', () => {
  expect(closest('deploymnt', ['deployment', 'deploy'])).toBe('deployment');
  expect(closest('xyz', ['deployment'])).toBeUndefined();
});
