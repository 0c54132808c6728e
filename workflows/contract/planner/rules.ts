import type { Observation } from '../observation.ts';
import type { Plan, PlannedTraffic } from '../plan.ts';
import { milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import type { TrafficSource } from '../traffic.schema.ts';
import { warmUpOf } from '../warmUp.ts';

/** How pods leave traffic, in milliseconds. `through`: the ways out that are used. */
export const plannedTraffic = (
  { quiet, maxDrain, onDrainTimeout, silence }: ReleaseSpec['traffic'],
  through: readonly TrafficSource[],
): PlannedTraffic => ({
  through,
  quietMs: milliseconds(quiet),
  maxDrainMs: milliseconds(maxDrain),
  onDrainTimeout,
  ...(silence !== undefined && { silence }),
});

/** What a plan takes over from the spec as it is, whatever its mode. `through`: the ways out of traffic that it uses. */
export const plannedRules = (
  { strategy, traffic, checks, notify, onFailure }: ReleaseSpec,
  { minReadySeconds }: Pick<Observation, 'minReadySeconds'>,
  through: readonly TrafficSource[],
): Pick<
  Plan,
  'minReadyMs' | 'readyTimeoutMs' | 'warmUpMs' | 'traffic' | 'checks' | 'notify' | 'onFailure' | 'rollback' | 'limits'
> => ({
  minReadyMs: minReadySeconds * 1000,
  readyTimeoutMs: milliseconds(strategy.readyTimeout),
  ...(strategy.warmUp !== undefined && { warmUpMs: warmUpOf(strategy.warmUp).forMs }),
  traffic: plannedTraffic(traffic, through),
  checks,
  notify,
  onFailure,
  rollback: strategy.rollback,
  limits: {
    // A pod that warms up is no standstill.
    progressMs:
      milliseconds(strategy.progressDeadline) + (strategy.warmUp === undefined ? 0 : warmUpOf(strategy.warmUp).forMs),
    ...(strategy.batchTimeout !== undefined && { batchMs: milliseconds(strategy.batchTimeout) }),
  },
});
