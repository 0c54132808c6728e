import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { humanDuration } from '../../workflows/contract/quantity.ts';
import { eachPod } from '../eachPod.ts';
import { handfulOf, join, type Outcome } from '../handful.ts';
import { isReady } from '../kubernetes/podState.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { PumpedPod, TrafficDeps, TrafficRules } from '../ports.ts';
import { until } from '../until.ts';
import { isGateShut } from './drained.ts';
import type { EndpointWatches } from './endpoints.ts';
import { isOverdue } from './rules.ts';
import type { OpenServices } from './takeOut.ts';

/** An endpoint is back 0.1 s after the write, as a rule. Those that take longer come again. */
const waitMs = 5_000;

/** How one kind of source puts a pod back. */
export interface Return {
  /** Names of the Services through which callers find this pod. */
  services(pod: PumpedPod): readonly string[];
  write(pod: PumpedPod): Promise<Outcome>;
  /** Whether the pod would be ready if it were in traffic. */
  isFit(pod: Pod): boolean;
}

/**
 * Puts pods back and sees each ready in the EndpointSlices of its Services. In a rollback a pod that is not ready by
 * itself need only be there: it stood no better before, and its readiness decides.
 */
export async function putBack(
  deps: TrafficDeps,
  watches: EndpointWatches,
  way: Return,
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  const names = [...new Set(pods.flatMap((pod) => way.services(pod)))];
  return watches.use(deps.held.target.namespace, names, async (open) => {
    const written = await eachPod(pods, deps.signal, (pod) => way.write(pod));
    const returning = pods.filter(({ name }) => written.done.includes(name));
    const out = (): readonly PumpedPod[] =>
      returning.filter((pod) => {
        const now = deps.pods.find(pod) ?? pod.pod;
        // A gate that is opened after this way is seen to let it be ready by the one who opens it.
        const needsReady = !isGateShut(now) && (!rules.undo || way.isFit(now));
        const isThere = way.services(pod).every((service) => isIn(open, service, pod.uid, needsReady));
        return !isThere || (needsReady && !isReady(now));
      });
    await until(() => out().length === 0, waitMs, deps.signal, [deps.pods, ...open.values()]);
    const late = new Set(out());
    const outcomes = returning.map((pod): readonly [string, Outcome] => {
      if (!late.has(pod)) return [pod.name, 'done'];
      if (!isOverdue(pod, rules.readyTimeoutMs)) return [pod.name, 'later'];
      const missing = way.services(pod).filter((service) => !isIn(open, service, pod.uid, true));
      const what = missing.length > 0 ? `no ready endpoint of Service ${missing.join(', ')}` : 'not ready';
      const reason = `After ${humanDuration(rules.readyTimeoutMs)} back in traffic it is ${what}`;
      return [pod.name, { code: 'POD_FAILED', reason }];
    });
    return join(handfulOf(outcomes), { ...written, done: [] });
  });
}

function isIn(open: OpenServices, service: string, uid: string, ready: boolean): boolean {
  const endpoint = open.get(service)?.now().pods.get(uid);
  return endpoint !== undefined && (endpoint.ready || !ready);
}
