import type { ReleaseSpec } from '../../../workflows/contract/spec.ts';
import type { TrafficLook } from '../../../workflows/contract/trafficLook.ts';

/**
 * The way of an undo that nothing shall hold up. Steps of a canary and an old version that is kept ready are for a version that
 * nobody knows: it takes none of them. Undefined: `spec` goes the quickest safe way already.
 * @param selecting finds the Services that select the pods; asked only where the spec names none
 */
export async function quickWay(
  spec: ReleaseSpec,
  selecting: () => Promise<readonly string[]>,
): Promise<ReleaseSpec | undefined> {
  return standsBeside(spec) ? inPlaceOf(spec, namedServices(spec) ?? (await selecting())) : undefined;
}

const standsBeside = ({ strategy: { mode } }: ReleaseSpec): boolean => mode === 'BlueGreen' || mode === 'Canary';

/** The Services that such a spec names; undefined: it leaves them to the plan, which takes all that select the pods. */
function namedServices({ strategy, traffic }: ReleaseSpec): readonly string[] | undefined {
  const named = strategy.blueGreen?.services ?? strategy.canary?.services;
  return traffic.through.length === 0 ? named : (named ?? []);
}

/**
 * The way of `spec` in place where that can be, else with pods made anew: no step, no second set of pods. What bounds harm
 * stays. Nobody was out of service beside; in place pods are, so `services` are drained as well as what `traffic.through` names.
 */
function inPlaceOf(spec: ReleaseSpec, services: readonly string[]): ReleaseSpec {
  const { blueGreen: _, canary: __, ...strategy } = spec.strategy;
  const through = spec.traffic.through;
  const has = (name: string): boolean => through.some((source) => 'service' in source && source.service === name);
  const more = services.filter((name) => !has(name)).map((service) => ({ service }));
  return {
    ...spec,
    strategy: { ...strategy, mode: 'InPlaceIfPossible' },
    traffic: { ...spec.traffic, through: [...through, ...more] },
  };
}

/** The Services among the sources that were looked at. */
export const servicesIn = ({ sources }: Pick<TrafficLook, 'sources'>): readonly string[] =>
  sources.flatMap((source) => (source.startsWith('service ') ? [source.slice('service '.length)] : []));
