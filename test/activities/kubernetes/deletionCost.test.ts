import { expect, it } from 'vitest';
import { ownCost, rankOf } from '../../../activities/kubernetes/scaling/deletionCost.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';

const costKey = 'controller.kubernetes.io/pod-deletion-cost';

function pod(change: { node?: string; phase?: string; ready?: boolean; annotations?: Record<string, string> }): Pod {
  const { node = 'n1', phase = 'Running', ready = true, annotations = {} } = change;
  return {
    metadata: { name: 'p', uid: 'u', resourceVersion: '1', annotations },
    spec: { containers: [], nodeName: node },
    status: { phase, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

it('the controller takes unassigned pods, then pending, unknown and unready ones, before those that are ready', () => {
  const inOrder = [
    pod({ node: '', phase: 'Pending', ready: false }),
    pod({ phase: 'Pending', ready: false }),
    pod({ phase: 'Unknown', ready: false }),
    pod({ ready: false }),
    pod({}),
  ].map(rankOf);
  expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
  expect(new Set(inOrder).size).toBe(5);
});

it.each([
  [{}, 0],
  [{ [costKey]: '-7' }, -7],
  [{ [costKey]: '12' }, 12],
  // What the controller does not read counts for nothing there either.
  [{ [costKey]: '+5' }, 0],
  [{ [costKey]: '1.5' }, 0],
  // Marked by a scale: what it was before.
  [{ [costKey]: '-2147483648', 'sluice.dev/leaving': '{"holder":"release/a|1","cost":"3"}' }, 3],
  [{ [costKey]: '-2147483648', 'sluice.dev/leaving': '{"holder":"release/a|1","cost":null}' }, 0],
])('the cost that others gave a pod with %j is %i', (annotations, cost) => {
  expect(ownCost(pod({ annotations }))).toBe(cost);
});
