import { milliseconds } from '../../../workflows/contract/quantity.ts';
import type { RegistrySource } from '../../../workflows/contract/registries.schema.ts';
import { registryEntry, sourceText } from '../../../workflows/contract/traffic.ts';
import type { Access, LivePod, PumpedPod, Traffic, TrafficDeps, TrafficRules } from '../../ports.ts';
import { openRegistry } from '../registries/index.ts';
import { inspectRegistry } from './inspect.ts';
import { leaveNobodyOut, putBackInto, tidyUp } from './putBack.ts';
import { registryStands } from './stands.ts';
import { keepOutOf, seeOutOf, takeOutOf } from './takeOut.ts';
import { warmIn } from './warm.ts';
import { beforeOf, lookAt, type RegistryWork, type Snapshot } from './work.ts';

const access: readonly Access[] = [
  { group: '', resource: 'pods', verb: 'list' },
  { group: '', resource: 'pods', verb: 'patch' },
];

/**
 * From its instance's leaving to its coming a container takes half a second at least, most take many: time to hold its place.
 * Where that cannot be had, callers have so little time to find it.
 */
const soonMs = 100;

/** Any service registry as a way out of traffic: all but the calls themselves, which are its adapter's. */
export function registryTraffic(source: RegistrySource, deps: TrafficDeps): Traffic {
  const entry = registryEntry(source);
  const work: RegistryWork = {
    ...openRegistry(source, deps),
    name: sourceText(source),
    rules: entry.rules,
    deps,
  };
  const { weights } = work.registry;
  return {
    key: entry.key,
    access,
    callersCacheMs: milliseconds(entry.rules.callersCache),
    inspect: async () => [await inspectRegistry(work)],
    close: async () => {
      await leaveNobodyOut(work);
      await tidyUp(work);
    },
    async snapshot(pods: readonly LivePod[]) {
      const found = await lookAt(work, pods);
      return new Map(
        pods.map((pod) => {
          const seen = found.get(pod.name);
          // Before the first drain there is time to wait for the server.
          if (seen?.is === 'unanswered') throw seen.why;
          const stand = beforeOf(work, pod) ?? (seen?.is === 'there' ? seen.stand : undefined);
          const snapshot: Snapshot | null = stand === undefined ? null : { ...stand, uid: pod.uid };
          return [pod.name, [snapshot]] as const;
        }),
      );
    },
    stands: (pods) => registryStands(work, pods),
    drain: (pods, rules) => takeOutOf(work, pods, rules),
    seeOut: (pods, rules) => seeOutOf(work, pods, rules),
    keepOut: async (pods) => void (await keepOutOf(work, pods)),
    ...((work.registry.hold !== undefined || work.registry.forgets) && { keepOutEveryMs: soonMs }),
    restore: (pods, rules) => putBackInto(work, pods, rules),
    ...(weights !== undefined && {
      warm: (pods: readonly PumpedPod[], rules: TrafficRules) => warmIn(work, weights, pods, rules),
    }),
  };
}
