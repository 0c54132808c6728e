import { closest } from '../closest.ts';
import { SluiceError } from '../errors.ts';
import { kindOf } from '../kinds.ts';
import { workloadName } from '../names.ts';
import type { Plan, PlannedBatch, PlannedGate } from '../plan.ts';
import { plannedPod } from '../planner/plannedPod.ts';
import { plannedTraffic } from '../planner/rules.ts';
import { requireTraffic } from '../planner/traffic.ts';
import { countOf, humanDuration, milliseconds } from '../quantity.ts';
import { callersCacheMs } from '../traffic.ts';
import type { DrainObservation, DrainPod } from './observation.ts';
import { drainBatch, drainGate } from './plan.ts';
import type { DrainSpec } from './spec.schema.ts';
import { drainWarnings } from './warnings.ts';
import { drainWrites } from './writes.ts';

/** As long as a release waits by default for a pod to be seen back, and for anything to move at all. */
const readyTimeoutMs = 300_000;
const progressMs = 600_000;
/** Hold, way out, and the same back. */
const aroundSeconds = 4;

/**
 * What a drain will do: which pods leave traffic, through what, and until when. Pure.
 * @throws PODS_NOT_FOUND with the names that there are, OUT_ALREADY, LAST_POD (callers would find nobody), WORKLOAD_UNFIT
 */
export function planDrain(spec: DrainSpec, observation: DrainObservation): Plan {
  const { traffic, drain } = spec;
  const { target } = observation;
  requireTraffic(traffic.through, observation);
  const chosen = chosenPods(drain.pods, observation);
  requireIn(chosen, observation);
  requireOthers(chosen, observation);
  const gate = gateOf(drain.for);
  const pods = chosen.map((pod) => plannedPod(pod, {}, {}, undefined));
  const batches: readonly PlannedBatch[] =
    pods.length === 0 ? [] : [{ name: drainBatch, pods, mayFail: 0, gate: { id: drainGate, ...gate } }];
  const planned = plannedTraffic(traffic, traffic.through);
  const cacheMs = Math.max(...traffic.through.map(callersCacheMs));
  const plan: Omit<Plan, 'writes' | 'warnings'> = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: { asked: 'Drain', used: 'Drain', reason: reasonOf(drain.for, pods.length) },
    change: {
      from: {},
      to: {},
      version: pods.length === 0 ? 'nobody out' : `${countOf(pods.length, 'pod')} out`,
      fromVersion: 'in traffic',
    },
    drain: pods.length === 0 ? { restores: true } : {},
    batches,
    replicas: observation.pods.length,
    maxUnavailable: Math.max(1, pods.length),
    minReadyMs: 0,
    readyTimeoutMs,
    traffic: planned,
    checks: [],
    notify: spec.notify,
    onFailure: 'Rollback',
    rollback: 'AtOnce',
    shape: { batches: [pods.length], maxUnavailable: '100%', spreadBy: '', gate },
    limits: { progressMs: Math.max(progressMs, 2 * planned.maxDrainMs) },
    estimateSeconds: aroundSeconds + Math.ceil((pods.length === 0 ? 0 : planned.quietMs + cacheMs) / 1000),
  };
  return { ...plan, writes: drainWrites(plan, observation), warnings: drainWarnings(plan, observation) };
}

/** Open until somebody says so; with `for` also by itself. */
const gateOf = (time: DrainSpec['drain']['for']): Omit<PlannedGate, 'id'> =>
  time === undefined
    ? { bakeMs: 0, approval: { required: 1, from: [], onExpiry: 'hold' } }
    : { bakeMs: milliseconds(time), early: true };

function reasonOf(time: DrainSpec['drain']['for'], pods: number): string {
  if (pods === 0) return 'Whoever a release or drain that was terminated left out is put back into traffic.';
  const which = pods === 1 ? 'The pod is' : 'The pods are';
  const end = time === undefined ? '' : `, or after ${humanDuration(milliseconds(time))} by itself`;
  return `${which} taken out of traffic and left running; \`sluice restore\` ends it${end}.`;
}

function chosenPods(names: readonly string[], { target, pods }: DrainObservation): readonly DrainPod[] {
  const there = new Map(pods.map((pod) => [pod.name, pod]));
  const missing = [...new Set(names)].filter((name) => !there.has(name));
  const [first] = missing;
  if (first === undefined) return [...new Set(names)].flatMap((name) => there.get(name) ?? []);
  const all = [...there.keys()].toSorted();
  const like = closest(first, all);
  const shown = `${all.slice(0, 20).join(', ') || 'none'}${all.length > 20 ? ', …' : ''}`;
  throw new SluiceError(
    'PODS_NOT_FOUND',
    `${workloadName(target)} has no pod ${missing.join(', ')}; it has ${shown}.`,
    {
      ...(like !== undefined && { next: `Did you mean ${like}?` }),
      details: { missing, there: all },
    },
  );
}

/** Whether a service registry says that somebody else has taken the pod out of it. */
const isDisabled = ({ name }: DrainPod, { findings: { registries = [] } }: DrainObservation): boolean =>
  registries.some(({ disabled }) => disabled.includes(name));

function requireIn(chosen: readonly DrainPod[], observation: DrainObservation): void {
  const { target } = observation;
  const out = chosen.filter((pod) => pod.outBy !== undefined || isDisabled(pod, observation));
  const [first] = out;
  if (first === undefined) return;
  const names = out.map(({ name }) => name).join(', ');
  const ours = out.some(({ outBy }) => outBy !== undefined && outBy !== '');
  const who = ours ? 'a release or drain' : 'somebody else';
  throw new SluiceError(
    'OUT_ALREADY',
    `${names} of ${workloadName(target)}: out of traffic already, taken out by ${who}.`,
    ours
      ? {
          next: `\`sluice restore ${workloadName(target)} -n ${target.namespace}\` puts back who was taken out; then drain.`,
        }
      : {},
  );
}

/** Callers must find somebody. */
function requireOthers(chosen: readonly DrainPod[], observation: DrainObservation): void {
  if (chosen.every(({ ready }) => !ready)) return;
  const going = new Set(chosen.map(({ uid }) => uid));
  const others = observation.pods.filter(
    (pod) => pod.ready && pod.outBy === undefined && !going.has(pod.uid) && !isDisabled(pod, observation),
  );
  if (others.length > 0) return;
  const on = `${workloadName(observation.target)} -n ${observation.target.namespace}`;
  throw new SluiceError(
    'LAST_POD',
    `Without ${chosen.map(({ name }) => name).join(', ')} no ready pod of ${workloadName(observation.target)} would be left in traffic.`,
    'refused' in kindOf(observation.target).scaling
      ? { next: 'Drain fewer of them.' }
      : { next: `Drain fewer of them, or add pods first: \`sluice scale ${on} --to ${observation.pods.length + 1}\`.` },
  );
}
