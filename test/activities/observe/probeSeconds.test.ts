import { expect, it } from 'vitest';
import type { PodTemplate } from '../../../activities/kubernetes/wire.ts';
import { probeSeconds } from '../../../activities/observe/probeSeconds.ts';

type Container = NonNullable<PodTemplate['spec']>['containers'][number];
const of = (...containers: Partial<Container>[]): PodTemplate => ({
  spec: { containers: containers.map((container, index) => ({ name: `c${index}`, ...container })) },
});

it.each<[string, PodTemplate, number]>([
  ['no probe', of({}), 0],
  ['only a startup probe', of({ startupProbe: { initialDelaySeconds: 5 } }), 0],
  ['a probe at once', of({ readinessProbe: {} }), 1],
  ['a delay', of({ readinessProbe: { initialDelaySeconds: 8 } }), 9],
  ['several successes', of({ readinessProbe: { successThreshold: 3, periodSeconds: 5 } }), 11],
  ['the startup probe comes first', of({ readinessProbe: {}, startupProbe: { initialDelaySeconds: 20 } }), 22],
  ['the slowest container', of({ readinessProbe: {} }, { readinessProbe: { initialDelaySeconds: 4 } }), 5],
])('%s', (_, template, expected) => {
  expect(probeSeconds(template)).toBe(expected);
});
