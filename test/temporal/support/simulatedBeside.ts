import type { BlueGreenActivities } from '../../../workflows/contract/blueGreen/activities.ts';
import { slots } from '../../../workflows/contract/blueGreen/require.ts';
import { greenOf } from '../../../workflows/contract/blueGreen/share.ts';
import type { CanaryActivities } from '../../../workflows/contract/canary/activities.ts';
import type { Plan, PlannedBatch, PlannedGate } from '../../../workflows/contract/plan.ts';
import type { SimulatedCluster } from './simulatedCluster.ts';

/** Records a call, and runs what a test has put before it. */
type Do = <T>(activity: string, names: readonly string[], act: () => T) => Promise<T>;

/** New pods beside the old, and who is called: a fake of these activities, as SimulatedCluster is of the others. */
export class SimulatedBeside {
  /** Who is called through the Services. */
  side = 'both';
  /** In a hundred callers, how many the route sends to new pods. */
  weight = 0;
  /** UIDs of the new pods. */
  readonly green = new Set<string>();
  /** How many were ever born. */
  born = 0;
  /** New pods that callers were still sent to when they went. */
  readonly lost: string[] = [];
  /** So long a guard that is cancelled is still at work, as one whose write is on its way. */
  guardLingersMs = 0;
  /** What was done while one was. */
  readonly raced: string[] = [];
  #guards = 0;

  activities(cluster: SimulatedCluster, tell: Do): BlueGreenActivities & CanaryActivities {
    const act: Do = (activity, names, run) => {
      if (this.#guards > 0 && this.guardLingersMs > 0) this.raced.push(activity);
      return tell(activity, names, run);
    };
    const old = () => [...cluster.pods.values()].filter(({ uid }) => !this.green.has(uid));
    const fresh = () => [...cluster.pods.values()].filter(({ uid }) => this.green.has(uid));
    const planned = ({ name, uid }: { readonly name: string; readonly uid: string }) => ({
      name,
      uid,
      node: 'node-1',
      ready: true,
    });
    const remove = (): void => {
      for (const { name, uid } of fresh()) {
        if (this.weight > 0 || this.side === 'green' || this.side === 'both') this.lost.push(name);
        cluster.pods.delete(name);
        this.green.delete(uid);
      }
    };
    return {
      green: ({ share }) =>
        act('green', [String(share ?? '100%')], () => {
          const image = Object.values(cluster.planned.change.to)[0] ?? '';
          while (this.green.size < greenOf(old().length, share)) {
            this.born += 1;
            const name = `green-${this.born}`;
            cluster.pods.set(name, { name, uid: `uid-${name}`, image, serving: true, ready: true, restarts: 0 });
            this.green.add(`uid-${name}`);
          }
          return { pods: fresh().map((pod) => ({ ...planned(pod), images: { app: pod.image } })) };
        }),
      point: ({ to }) =>
        act('point', [to], () => {
          this.side = to;
          return { others: (to === 'blue' ? fresh() : to === 'green' ? old() : []).map(planned) };
        }),
      guard: async () => {
        await act('guard', [], () => undefined);
        this.#guards += 1;
        try {
          await cluster.stay();
        } finally {
          await new Promise((resolve) => setTimeout(resolve, this.guardLingersMs));
          this.#guards -= 1;
        }
      },
      shift: ({ split }) =>
        act('shift', [`${split.weight}%`], () => {
          this.weight = split.weight;
        }),
      unshift: () =>
        act('unshift', [], () => {
          this.weight = 0;
          return {};
        }),
      endCanary: () => act('endCanary', [], () => undefined),
      removeGreen: () => act('removeGreen', [], remove),
      adopt: ({ to }) =>
        act('adopt', [], () => {
          for (const { name } of old()) cluster.pods.delete(name);
          this.green.clear();
          cluster.templateImage = Object.values(to)[0] ?? '';
        }),
      disown: () => act('disown', [], () => undefined),
    };
  }
}

/** A plan of `mode` for three old pods to `tag`, with an approval after each step. `from`: the version that is there. */
export function besidePlan(base: Plan, mode: 'Canary' | 'BlueGreen', tag: string, from = 'v1'): Plan {
  const approval = { required: 1, from: [], onExpiry: 'hold' as const };
  const [old] = base.batches;
  const of = (
    name: string,
    gate: string,
    pods: PlannedBatch['pods'],
    more: Partial<PlannedGate> = {},
  ): PlannedBatch => ({
    name,
    pods,
    mayFail: 0,
    gate: { id: gate, bakeMs: 0, approval, ...more },
  });
  const pods = old?.pods ?? [];
  const count = pods.length;
  const route = { kind: 'HTTPRoute', name: 'web', service: 'shop', canary: 'shop-canary' } as const;
  const steps = [
    { pods: 1, split: { weight: 10 } },
    { pods: '100%', split: { weight: 100 } },
  ] as const;
  const change = { from: { app: `app:${from}` }, to: { app: `app:${tag}` }, version: tag, fromVersion: from };
  const last = (name: string): PlannedBatch => of(name, 'after-switch', pods);
  return {
    ...base,
    mode: { asked: mode, used: mode, reason: '' },
    change,
    ...(mode === 'Canary'
      ? {
          canary: { services: ['shop'], route, steps },
          batches: [
            of('canary-1', 'after-canary-1', slots(1)),
            of('canary-2', 'after-canary-2', slots(count - 1, 1)),
            last('old'),
          ],
        }
      : {
          blueGreen: { services: ['shop'], keepOldMs: 0 },
          batches: [of('green', 'before-switch', slots(count)), last('blue')],
        }),
  };
}
