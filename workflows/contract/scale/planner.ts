import { SluiceError } from '../errors.ts';
import { kindOf } from '../kinds.ts';
import { workloadName } from '../names.ts';
import type { Plan, PlannedBatch, PlannedPod, PlannedShape } from '../plan.ts';
import { batchName, batchSizes, gateId, slices } from '../planner/batching.ts';
import { plannedGate } from '../planner/gates.ts';
import { selectedBy } from '../planner/gray.ts';
import { nodeLabel, type PodOrder, zoneOf } from '../planner/ordering.ts';
import { plannedTraffic } from '../planner/rules.ts';
import { requireTraffic } from '../planner/traffic.ts';
import { countOf, milliseconds } from '../quantity.ts';
import { leavingOrder, overtaken } from './choose.ts';
import { estimateScale } from './estimate.ts';
import type { ScaleObservation, ScalePod } from './observation.ts';
import { goesUp, type PlannedScale } from './plan.ts';
import type { ScaleSpec } from './spec.schema.ts';
import { scaleWarnings } from './warnings.ts';
import { scaleWrites } from './writes.ts';

/**
 * What a scale will do: which pods go in which batch, or how many come in each. Pure; the same answer for the pods in any
 * order.
 * @throws WORKLOAD_UNFIT (a kind that has no number, a readiness gate that the template does not declare, a Service that
 *   was left open), REPLICAS_UNCHANGED, AUTOSCALED, WORKLOAD_BUSY (it has not the pods that it should have), SPEC_INVALID (a
 *   selection that its controller would not keep to, or that is not as large as it must be)
 */
export function planScale(spec: ScaleSpec, observation: ScaleObservation): Plan {
  const { strategy, traffic } = spec;
  const { target, replicas: from } = observation;
  const { to } = spec.scale;
  requireScalable(observation);
  requireTraffic(traffic.through, observation);
  if (to === from) {
    throw new SluiceError('REPLICAS_UNCHANGED', `${workloadName(target)} is asked for ${countOf(to, 'pod')} already.`);
  }
  requireNoScaler(spec, observation);
  const order = scaleOrder(strategy.order);
  const coming = to > from ? slots(to - from) : leaving(spec, observation, order);
  const gate = plannedGate(spec.gates.afterBatch);
  const sizes = batchSizes(strategy.batches, coming.length);
  const batches = slices(coming, sizes.pods).map((pods, index): PlannedBatch => {
    const name = batchName(index);
    return { name, pods, mayFail: 0, gate: { id: gateId(name), ...gate } };
  });
  const scale: PlannedScale = {
    from,
    to,
    images: observation.templateImages,
    youngest: to > from ? youngest(observation) : [],
    scalers: observation.findings.scalers.map(({ name }) => name),
    hpa: spec.scale.hpa,
  };
  const shape: PlannedShape = { batches: strategy.batches, maxUnavailable: '100%', ...order, gate };
  const plan: Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'> & { readonly scale: PlannedScale } = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: { asked: 'Scale', used: 'Scale', reason: reasonOf(scale, traffic.through.length > 0) },
    change: { from: {}, to: {}, version: countOf(to, 'pod'), fromVersion: countOf(from, 'pod') },
    scale,
    batches,
    replicas: Math.max(from, to),
    maxUnavailable: Math.max(from, to, 1),
    minReadyMs: observation.minReadySeconds * 1000,
    readyTimeoutMs: milliseconds(strategy.readyTimeout),
    traffic: plannedTraffic(traffic, traffic.through),
    checks: [],
    notify: spec.notify,
    onFailure: spec.onFailure,
    rollback: strategy.rollback,
    shape,
    limits: { progressMs: milliseconds(strategy.progressDeadline) },
  };
  return {
    ...plan,
    writes: scaleWrites(plan, observation),
    estimateSeconds: estimateScale(plan, observation.findings.probeSeconds),
    warnings: scaleWarnings(plan, observation, sizes.leftover),
  };
}

/** Without a word the newest go, as they would with `kubectl scale`. */
const scaleOrder = ({ spreadBy, arrange, first = 'Newest' }: ScaleSpec['strategy']['order']): PodOrder => ({
  spreadBy: nodeLabel(spreadBy),
  arrange,
  first,
});

/** Kubernetes tells births to the second, and clocks of several API servers differ a little. */
const sameMomentMs = 2_000;

function youngest({ pods }: ScaleObservation): readonly string[] {
  const bornAt = ({ createdAt }: ScalePod): number => Date.parse(createdAt) || 0;
  const last = pods.reduce((latest, pod) => Math.max(latest, bornAt(pod)), 0);
  return pods.filter((pod) => bornAt(pod) >= last - sameMomentMs).map(({ uid }) => uid);
}

/** What stands for a pod until it is born. */
const slots = (count: number): readonly PlannedPod[] =>
  Array.from({ length: count }, (_, index) => {
    const name = `new-${index + 1}`;
    return { name, uid: name, node: '', ready: false };
  });

function leaving(spec: ScaleSpec, observation: ScaleObservation, order: PodOrder): readonly PlannedPod[] {
  const { target, pods, replicas } = observation;
  if (pods.length !== replicas) {
    throw new SluiceError(
      'WORKLOAD_BUSY',
      `${workloadName(target)} has ${pods.length} of its ${countOf(replicas, 'pod')}: which would go cannot be told yet.`,
      {
        next: `See \`kubectl describe ${workloadName(target)} -n ${target.namespace}\` for why, and scale when it has them.`,
      },
    );
  }
  const count = replicas - spec.scale.to;
  const candidates = selected(spec, pods, count);
  const chosen = leavingOrder(candidates, order).slice(0, count);
  requireKept(observation, chosen);
  return chosen.map((pod) => leavingPod(pod, order));
}

/** A pod that goes, as batches name it. */
export function leavingPod(pod: ScalePod, order: PodOrder): PlannedPod {
  const { name, uid, node, ready } = pod;
  const zone = zoneOf(pod, order);
  return { name, uid, node, ready, ...(zone !== undefined && { zone }) };
}

function selected({ strategy: { select } }: ScaleSpec, pods: readonly ScalePod[], count: number): readonly ScalePod[] {
  if (select === undefined) return pods;
  const candidates = pods.filter(selectedBy(select));
  const unknown = (select.names ?? []).filter((name) => !pods.some((pod) => pod.name === name));
  if (unknown.length > 0) throw invalid(unknown.join(', '), 'names of pods that are there');
  const exact = select.names !== undefined;
  if (exact ? candidates.length === count : candidates.length >= count) return candidates;
  throw invalid(
    `${countOf(candidates.length, 'pod')} that ${candidates.length === 1 ? 'matches' : 'match'}`,
    exact ? `exactly ${count}, as many as go` : `at least ${count}, as many as go`,
  );
}

/** What is chosen must be what its controller takes. */
function requireKept({ pods, target }: ScaleObservation, chosen: readonly ScalePod[]): void {
  const found = overtaken(pods, chosen);
  const { scaling } = kindOf(target);
  if (found === undefined || 'refused' in scaling) return;
  throw invalid(
    `${found.chosen.name}, while ${found.first.name} would stay`,
    `${found.first.name} too: of ${workloadName(target)} ${scaling.first}, whatever is asked for`,
  );
}

function invalid(found: string, allowed: string): SluiceError {
  const field = 'strategy.select';
  return new SluiceError('SPEC_INVALID', `${field}: found ${found}; allowed: ${allowed}`, {
    details: { problems: [{ field, found, allowed }] },
  });
}

function requireScalable({ target }: ScaleObservation): void {
  const { scaling } = kindOf(target);
  if ('refused' in scaling) {
    throw new SluiceError('WORKLOAD_UNFIT', `${workloadName(target)} cannot be scaled: ${scaling.refused}`);
  }
}

function requireNoScaler({ scale: { hpa } }: ScaleSpec, { target, findings }: ScaleObservation): void {
  const [first] = findings.scalers;
  if (first === undefined || hpa !== 'Refuse') return;
  const named = findings.scalers.map(({ name, min, max }) => `${name} (${min} to ${max})`).join(', ');
  throw new SluiceError(
    'AUTOSCALED',
    `HorizontalPodAutoscaler ${named} says how many pods ${workloadName(target)} has: it would undo this.`,
    {
      next: `Change its bounds (\`kubectl edit hpa ${first.name} -n ${target.namespace}\`); or scale with \`--hpa suspend\`, and it does nothing meanwhile, or with \`--hpa bound\`, and its bounds hold the new number.`,
    },
  );
}

function reasonOf(scale: PlannedScale, drains: boolean): string {
  if (goesUp(scale)) return 'Scaled up: the next batch comes when the pods of the one before are ready.';
  const first = drains ? 'taken out of traffic, and then ' : '';
  return `Scaled down: the pods of a batch are ${first}taken away, these and no others.`;
}
