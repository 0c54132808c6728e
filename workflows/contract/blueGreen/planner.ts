import { SluiceError } from '../errors.ts';
import { marks, workloadName } from '../names.ts';
import type { Observation, ObservedPod } from '../observation.ts';
import type { Plan, PlannedBatch, PlannedPod, PlannedShape } from '../plan.ts';
import { plannedChange } from '../planner/change.ts';
import { plannedGate } from '../planner/gates.ts';
import { requireNoOrder } from '../planner/mode.ts';
import { nodeLabel, zoneOf } from '../planner/ordering.ts';
import { plannedPod } from '../planner/plannedPod.ts';
import { plannedRules } from '../planner/rules.ts';
import { countOf, milliseconds } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { estimateBlueGreen } from './estimate.ts';
import { blueGreenGates, defaultKeepOld, groups, type PlannedBlueGreen } from './plan.ts';
import { blueGreenWarnings } from './warnings.ts';
import { blueGreenWrites } from './writes.ts';

export type BlueGreenDraft = Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'> & {
  readonly blueGreen: PlannedBlueGreen;
};

/**
 * What blue/green will do: as many new pods beside the old, a gate, the switch of the Services, a time to go back, and
 * the old pods go. Pure; the same answer for the pods in any order.
 * @throws MODE_UNSUPPORTED, NOT_IN_PLACE, IMAGE_UNCHANGED, CONTAINER_NOT_FOUND, NO_PODS, NO_ROOM, WORKLOAD_UNFIT (no Service to
 *   switch, a way out of traffic that is none)
 */
export function planBlueGreen(spec: ReleaseSpec, observation: Observation): Plan {
  const { strategy, gates } = spec;
  const { target, replicas } = observation;
  requireDeployment(target);
  requireNoOrder(spec);
  const change = plannedChange(spec, observation);
  if (observation.pods.length === 0 || replicas === 0) {
    throw new SluiceError('NO_PODS', `${workloadName(target)} has no pods: there is nobody to switch from.`);
  }
  const services = requireServices(spec, observation);
  requireRoom(observation);
  const keepOldMs = milliseconds(strategy.blueGreen?.keepOld ?? defaultKeepOld);
  const { previewService } = strategy.blueGreen ?? {};
  const order = { spreadBy: nodeLabel(strategy.order.spreadBy) };
  const after = plannedGate(gates.afterBatch);
  const shape: PlannedShape = { batches: ['100%'], maxUnavailable: '100%', ...order, gate: after };
  const old = (pod: ObservedPod): PlannedPod =>
    plannedPod(pod, change.to, observation.templateImages, zoneOf(pod, order));
  const batches: readonly PlannedBatch[] = [
    {
      name: groups.green,
      pods: slots(replicas),
      mayFail: 0,
      gate: { id: blueGreenGates.green, ...plannedGate(gates.afterGray) },
    },
    {
      name: groups.blue,
      pods: observation.pods.toSorted(byName).map(old),
      mayFail: 0,
      gate: { id: blueGreenGates.blue, ...after, bakeMs: Math.max(keepOldMs, after.bakeMs), early: true },
    },
  ];
  const draft: BlueGreenDraft = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: {
      asked: strategy.mode,
      used: 'BlueGreen',
      reason: `Blue/green: ${countOf(replicas, 'pod')} of the new version beside the ${observation.pods.length} of the old, then the switch; gray group, batches and maxUnavailable have no meaning.`,
    },
    change,
    blueGreen: { services, keepOldMs, ...(previewService !== undefined && { previewService }) },
    batches,
    replicas,
    maxUnavailable: replicas,
    ...plannedRules(spec, observation, []),
    shape,
  };
  return {
    ...draft,
    writes: blueGreenWrites(draft, observation),
    estimateSeconds: estimateBlueGreen(draft, observation.findings.probeSeconds),
    warnings: blueGreenWarnings(draft, spec, observation),
  };
}

/** What stands for a pod until it is born. */
const slots = (count: number): readonly PlannedPod[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `new-${index + 1}`;
    return { name, uid: name, node: '', ready: false };
  });

const byName = (a: ObservedPod, b: ObservedPod): number => (a.name < b.name ? -1 : 1);

/** @throws MODE_UNSUPPORTED */
export function requireDeployment({ kind, name }: Observation['target']): void {
  if (kind === 'deployment') return;
  throw new SluiceError(
    'MODE_UNSUPPORTED',
    `BlueGreen is for Deployments: the pods of ${kind}/${name} cannot stand beside others that take their place.`,
    { next: 'Use InPlaceIfPossible, InPlaceOnly or Recreate.' },
  );
}

function requireServices(spec: ReleaseSpec, { target, blueGreen, findings }: Observation): readonly string[] {
  const gated = spec.traffic.through.filter((source) => !('service' in source));
  if (gated.length > 0) {
    throw new SluiceError('WORKLOAD_UNFIT', 'BlueGreen switches Services: traffic.through may name nothing else.', {
      next: 'Leave out the readiness gate.',
    });
  }
  if (findings.openServices.length > 0) {
    throw new SluiceError(
      'WORKLOAD_UNFIT',
      `Service ${findings.openServices.join(', ')} still has in its selector what a release of ${workloadName(target)} put there that was terminated.`,
      {
        next: `A release in place through ${findings.openServices.map((name) => `\`service: ${name}\``).join(', ')} cleans up after it; or take \`${marks.serving}\` out of the selector by hand.`,
      },
    );
  }
  const { previewService } = spec.strategy.blueGreen ?? {};
  const services = blueGreen?.services.filter((name) => name !== previewService) ?? [];
  if (services.length > 0) return services;
  throw new SluiceError(
    'WORKLOAD_UNFIT',
    `No Service selects the pods of ${workloadName(target)}: there is nothing that could be switched.`,
    { next: 'Make one, or use Recreate.' },
  );
}

function requireRoom({ target, replicas, blueGreen }: Observation): void {
  const [first] = blueGreen?.short ?? [];
  if (first === undefined) return;
  const all = (blueGreen?.short ?? [])
    .map(({ quota, resource, hard, used }) => `ResourceQuota ${quota} lets ${resource} be ${hard}, and ${used} is used`)
    .join('; ');
  throw new SluiceError(
    'NO_ROOM',
    `There is no room for ${countOf(replicas, 'more pod')} of ${workloadName(target)}: ${all}.`,
    { details: { short: blueGreen?.short } },
  );
}
