import type { Handful } from '../../workflows/contract/activities/handful.ts';
import { humanDuration } from '../../workflows/contract/quantity.ts';
import { eachPod } from '../eachPod.ts';
import { emptyHandful, handfulOf, join, type Outcome } from '../handful.ts';
import { isLeaving } from '../kubernetes/podState.ts';
import type { Pod, Service } from '../kubernetes/wire.ts';
import type { PumpedPod, TrafficDeps, TrafficRules } from '../ports.ts';
import { until } from '../until.ts';
import { isDrained } from './drained.ts';
import type { EndpointWatches, ServiceWatch } from './endpoints.ts';
import { admissions, type Callable } from './lastEndpoint.ts';
import { giveUp, isOverdue } from './rules.ts';

/** How long is waited for a pod that may take over. */
const capacityMs = 5_000;
/** An endpoint is gone 0.1 s after the write, as a rule. Those that take longer come again. */
const goneMs = 1_500;

export type OpenServices = ReadonlyMap<string, ServiceWatch>;

/** How one kind of source takes a pod out. */
export interface Exit {
  /** Services through which callers find pods of the workload. */
  readonly services: readonly Service[];
  /** Whether such a Service selects the pod, drained or not. */
  selects(service: Service, pod: Pod): boolean;
  /** The one write. */
  write(pod: PumpedPod): Promise<Outcome>;
}

/** Takes pods out such that no Service is left without a ready endpoint. Whether they are seen gone is not waited for. */
export async function takeOut(
  deps: TrafficDeps,
  watches: EndpointWatches,
  exit: Exit,
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  if (pods.length === 0) return emptyHandful;
  const names = exit.services.map(({ metadata }) => metadata.name);
  return watches.use(deps.held.target.namespace, names, async (open) => {
    const { going, notes, waiting } = admit(pods, () => callables(deps, exit, open), rules);
    const written = await eachPod(going, deps.signal, (pod) => exit.write(pod));
    if (waiting.length === pods.length) {
      // With nobody to take out, wait for one that may take over.
      const canGo = () => callables(deps, exit, open).some(({ ready }) => ready.size > 1);
      await until(canGo, capacityMs, deps.signal, [deps.pods, ...open.values()]);
    }
    const told = going.flatMap(({ name, uid }) => {
      const text = notes.get(uid);
      return text !== undefined && written.done.includes(name) ? [{ pod: name, text }] : [];
    });
    return join(handfulOf(waiting), written, { ...emptyHandful, notes: told });
  });
}

/** How one kind of source tells that a pod is out. */
export interface Leaving {
  /** Services that are looked at, by name. */
  readonly services: readonly string[];
  /** Callers are not sent to it any more, as far as anybody sees. */
  isOut(pod: PumpedPod, open: OpenServices): boolean;
  /** Why it will not get out, however long one waits; undefined: it may only be slow. */
  obstacle(pod: PumpedPod): Promise<string | undefined>;
}

/** Waits until all of `pods` are seen out, for a moment; those that take longer are `later`. */
export async function seeOut(
  deps: TrafficDeps,
  watches: EndpointWatches,
  leaving: Leaving,
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  if (pods.length === 0) return emptyHandful;
  return watches.use(deps.held.target.namespace, leaving.services, async (open) => {
    const allOut = () => pods.every((pod) => leaving.isOut(pod, open));
    await until(allOut, goneMs, deps.signal, [deps.pods, ...open.values()]);
    const outcomes = await Promise.all(
      pods.map(async (pod): Promise<readonly [string, Outcome]> => {
        return [pod.name, leaving.isOut(pod, open) ? 'done' : await whyStill(leaving, pod, rules)];
      }),
    );
    return handfulOf(outcomes);
  });
}

async function whyStill(leaving: Leaving, pod: PumpedPod, rules: TrafficRules): Promise<Outcome> {
  const obstacle = await leaving.obstacle(pod);
  if (obstacle !== undefined) return giveUp('SERVICE_UNUSABLE', obstacle, rules);
  if (!isOverdue(pod, rules.maxDrainMs)) return 'later';
  return giveUp('DRAIN_TIMEOUT', `After ${humanDuration(rules.maxDrainMs)} callers are still sent to it`, rules);
}

function callables(deps: TrafficDeps, exit: Exit, open: OpenServices): readonly Callable[] {
  const own = deps.pods.all();
  const drained = new Set(own.filter(isDrained).map(({ metadata }) => metadata.uid));
  return exit.services.map((service) => {
    const { name } = service.metadata;
    const members = own.filter((pod) => !isLeaving(pod) && exit.selects(service, pod));
    const ready = [...(open.get(name)?.now().pods ?? [])].filter(([uid, is]) => is.ready && !drained.has(uid));
    return {
      name,
      members: new Set(members.map(({ metadata }) => metadata.uid)),
      ready: new Set(ready.map(([uid]) => uid)),
    };
  });
}

/** Who goes now, who must wait for another pod, and what to tell about those who go all the same. */
function admit(pods: readonly PumpedPod[], services: () => readonly Callable[], rules: TrafficRules) {
  const admitted = admissions(
    pods.map(({ uid }) => uid),
    services(),
  );
  const going: PumpedPod[] = [];
  const waiting: (readonly [string, Outcome])[] = [];
  const notes = new Map<string, string>();
  for (const pod of pods) {
    const admission = admitted.get(pod.uid);
    if (admission?.kind === 'last') {
      const reason = `It is the last pod that Service ${admission.service} can send callers to: the others are not ready`;
      const outcome = isOverdue(pod, rules.maxDrainMs) ? giveUp('DRAIN_TIMEOUT', reason, rules) : { waitsFor: reason };
      if (typeof outcome === 'string' || !('note' in outcome)) {
        waiting.push([pod.name, outcome]);
        continue;
      }
      notes.set(pod.uid, outcome.note);
    } else if (admission?.kind === 'only') {
      notes.set(pod.uid, `It is the only pod of Service ${admission.service}, which has no endpoint until it is back.`);
    }
    going.push(pod);
  }
  return { going, waiting, notes };
}
