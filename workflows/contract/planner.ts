import { batchSizes, graySize, unavailable } from './batching.ts';
import { errors, SluiceError } from './errors.ts';
import { estimateSeconds } from './estimate.ts';
import { pinned, tagOf } from './imageName.ts';
import type { Images, Observation, ObservedPod } from './observation.ts';
import { inOrder } from './ordering.ts';
import type { Plan, PlannedBatch, PlannedChange, PlannedGate, PlannedPod } from './plan.ts';
import { milliseconds } from './quantity.ts';
import { selected } from './selecting.ts';
import type { ReleaseSpec } from './spec.ts';
import { planWarnings } from './warnings.ts';
import { plannedWrites } from './writes.ts';

/**
 * What a release will do. Pure: the same spec and observation give the same plan, in whatever order the pods come.
 * @throws SluiceError CONTAINER_NOT_FOUND, IMAGE_UNCHANGED, NO_PODS, SPEC_INVALID (a select that finds nothing)
 */
export function planRelease(spec: ReleaseSpec, observation: Observation): Plan {
  const { target, templateImages, replicas } = observation;
  const change = plannedChange(spec, observation);
  const pods = observation.pods.filter((pod) => runsOther(pod.images, change.to));
  if (observation.pods.length === 0) throw new SluiceError('NO_PODS');
  if (pods.length === 0 && !runsOther(templateImages, change.to)) {
    throw new SluiceError(
      'IMAGE_UNCHANGED',
      `All ${observation.pods.length} pods of ${target.kind}/${target.name} run ${Object.values(change.to).join(', ')} already.`,
    );
  }
  const { batches, leftover } = plannedBatches(spec, pods, templateImages);
  const plan: Omit<Plan, 'estimateSeconds' | 'warnings' | 'writes'> = {
    app: spec.metadata.name ?? target.name,
    target,
    uid: observation.uid,
    mode: {
      asked: spec.strategy.mode,
      used: 'InPlace',
      reason: 'Only images change: each pod keeps its UID, IP and node.',
    },
    change,
    batches,
    replicas,
    maxUnavailable: unavailable(spec.strategy.maxUnavailable, Math.max(1, replicas)),
    minReadyMs: observation.minReadySeconds * 1000,
    readyTimeoutMs: milliseconds(spec.strategy.readyTimeout),
    traffic: {
      through: spec.traffic.through,
      quietMs: milliseconds(spec.traffic.quiet),
      maxDrainMs: milliseconds(spec.traffic.maxDrain),
      onDrainTimeout: spec.traffic.onDrainTimeout,
    },
    checks: spec.checks,
    notify: spec.notify,
    onFailure: spec.onFailure,
  };
  return {
    ...plan,
    writes: plannedWrites(plan),
    estimateSeconds: estimateSeconds(plan, observation.findings.probeSeconds),
    warnings: planWarnings(spec, observation, plan, leftover),
  };
}

function plannedChange(spec: ReleaseSpec, { target, templateImages, pods, findings }: Observation): PlannedChange {
  const unknown = Object.keys(spec.change.images).filter((container) => !(container in templateImages));
  if (unknown.length > 0) {
    const there = Object.keys(templateImages).join(', ');
    throw new SluiceError(
      'CONTAINER_NOT_FOUND',
      `change.images: ${target.kind}/${target.name} has no container ${unknown.join(', ')}. It has ${there}.`,
      { next: errors.CONTAINER_NOT_FOUND.next, details: { unknown, containers: Object.keys(templateImages) } },
    );
  }
  const wanted = Object.entries(spec.change.images).map(([container, image]): [string, string] => [
    container,
    spec.change.pin === 'Digest' ? pinned(image, findings.digests[container]) : image,
  ]);
  const changes = wanted.filter(
    ([container, image]) => templateImages[container] !== image || pods.some((pod) => pod.images[container] !== image),
  );
  const to = Object.fromEntries(changes.length > 0 ? changes : wanted);
  const from = Object.fromEntries(Object.keys(to).map((container) => [container, templateImages[container] ?? '']));
  const [first = ''] = Object.keys(to);
  return { from, to, version: tagOf(to[first] ?? ''), fromVersion: tagOf(from[first] ?? '') };
}

const runsOther = (images: Images, wanted: Images): boolean =>
  Object.entries(wanted).some(([container, image]) => images[container] !== image);

function plannedBatches(
  spec: ReleaseSpec,
  pods: readonly ObservedPod[],
  template: Images,
): { batches: readonly PlannedBatch[]; leftover: number } {
  if (pods.length === 0) return { batches: [], leftover: 0 };
  const { gray, batches, order } = spec.strategy;
  const ordered = inOrder(pods, order.spreadBy);
  const candidates = gray.select === undefined ? ordered : selected(ordered, gray.select, 'strategy.gray.select');
  const first = candidates.slice(0, graySize(gray.pods, pods.length));
  const rest = ordered.filter((pod) => !first.includes(pod));
  const { sizes, leftover } = batchSizes(batches, rest.length);
  const groups = [first];
  let taken = 0;
  for (const size of sizes) {
    groups.push(rest.slice(taken, taken + size));
    taken += size;
  }
  const planned = groups.map((group, index): PlannedBatch => {
    const name = index === 0 ? 'gray' : `batch-${index}`;
    const gate = index === 0 ? spec.gates.afterGray : spec.gates.afterBatch;
    return { name, pods: group.map((pod) => plannedPod(pod, template, order.spreadBy)), gate: plannedGate(name, gate) };
  });
  return { batches: planned, leftover };
}

function plannedPod(pod: ObservedPod, template: Images, spreadBy: string): PlannedPod {
  const zone = pod.nodeLabels[spreadBy];
  const { name, uid, node, ready } = pod;
  const differs = Object.keys(template).some((container) => pod.images[container] !== template[container]);
  return { name, uid, node, ready, ...(zone === undefined ? {} : { zone }), ...(differs ? { from: pod.images } : {}) };
}

function plannedGate(batch: string, { bake, approval }: ReleaseSpec['gates']['afterGray']): PlannedGate {
  const gate = { id: `after-${batch}`, bakeMs: milliseconds(bake) };
  if (approval === undefined) return gate;
  const { required, from, expires, onExpiry } = approval;
  return {
    ...gate,
    approval: { required, from, onExpiry, ...(expires === undefined ? {} : { expiresMs: milliseconds(expires) }) },
  };
}
