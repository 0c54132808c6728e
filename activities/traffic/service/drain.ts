import type { Handful } from '../../../workflows/contract/activities/handful.ts';
import { marks } from '../../../workflows/contract/names.ts';
import { handfulOf, join } from '../../handful.ts';
import { isReady } from '../../kubernetes/podState.ts';
import type { Service } from '../../kubernetes/wire.ts';
import type { PumpedPod, TrafficDeps, TrafficRules } from '../../ports.ts';
import type { EndpointWatches } from '../endpoints.ts';
import { putBack } from '../putBack.ts';
import { giveUp } from '../rules.ts';
import { type OpenServices, seeOut, takeOut } from '../takeOut.ts';
import { setServing } from './labels.ts';
import { findServices, servedBy } from './served.ts';
import { isOpen, wouldServe } from './usable.ts';

/**
 * Takes pods out of the Services: one label patch each. Where somebody took our key out of a selector the label would
 * do nothing: such a pod is refused, and left as it was.
 */
export async function drainServices(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  const found = await findServices(deps, names);
  const served = pods.filter((pod) => servedBy(pod, found).length > 0);
  const refused = served.flatMap((pod) => {
    const why = reverted(pod, found);
    return why === undefined ? [] : [[pod.name, giveUp('SERVICE_UNUSABLE', why, rules)] as const];
  });
  const skipped = new Map([
    ...pods.filter((pod) => !served.includes(pod)).map(({ name }) => [name, 'done'] as const),
    ...refused,
  ]);
  const exit = {
    services: found.filter((service) => service !== undefined),
    selects: wouldServe,
    write: (pod: PumpedPod) => setServing(deps, pod, 'false'),
  };
  const rest = served.filter(({ name }) => !skipped.has(name));
  const taken = await takeOut(deps, watches, exit, rest, rules);
  return join(handfulOf(skipped), taken);
}

/** Sees that the EndpointSlices do not have these pods any more. */
export function seeOutOfServices(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  let found: ReturnType<typeof findServices> | undefined;
  const leaving = {
    services: names,
    isOut: ({ uid }: PumpedPod, open: OpenServices) => [...open.values()].every((watch) => !watch.now().pods.has(uid)),
    obstacle: async (pod: PumpedPod) => {
      found ??= findServices(deps, names);
      return reverted(pod, await found);
    },
  };
  return seeOut(deps, watches, leaving, pods, rules);
}

/** Why its label does nothing. */
function reverted(pod: PumpedPod, now: readonly (Service | undefined)[]): string | undefined {
  const closed = servedBy(pod, now).filter((service) => !isOpen(service));
  return closed.length === 0 ? undefined : revertedText(closed);
}

/** Puts the label back on the pods that served before, and sees their endpoints ready again. */
export async function restoreServices(
  deps: TrafficDeps,
  watches: EndpointWatches,
  names: readonly string[],
  pods: readonly PumpedPod[],
  rules: TrafficRules,
): Promise<Handful> {
  const found = await findServices(deps, names);
  const served = pods.filter((pod) => servedBy(pod, found).length > 0);
  const others = pods.filter((pod) => !served.includes(pod));
  const way = {
    services: (pod: PumpedPod) => servedBy(pod, found).map(({ metadata }) => metadata.name),
    write: (pod: PumpedPod) => setServing(deps, pod, 'true'),
    isFit: isReady,
  };
  const back = await putBack(deps, watches, way, served, rules);
  return join(handfulOf(others.map(({ name }) => [name, 'done'] as const)), back);
}

const revertedText = (closed: readonly Service[]): string =>
  `Somebody took ${marks.serving} out of the selector of Service ${closed.map(({ metadata }) => metadata.name).join(', ')} during the release, so that the pod cannot be taken out of it`;
