import type { ClusterActivities } from '../workflows/contract/activities.ts';
import type { BlueGreenObservation } from '../workflows/contract/blueGreen/observation.ts';
import { requireDeployment } from '../workflows/contract/blueGreen/require.ts';
import { SluiceError } from '../workflows/contract/errors.ts';
import type { Plan } from '../workflows/contract/plan.ts';
import { afterGoingBack, type Before, beforeOf, requireSameWay } from '../workflows/contract/planner/supersede.ts';
import { blueGreenAccess, observeBlueGreen } from './blueGreen/observe.ts';
import { activity, type Call } from './call.ts';
import { canaryAccess, observeCanary } from './canary/observe.ts';
import { makeDrainPlan } from './drain/plan.ts';
import type { Pod } from './kubernetes/wire.ts';
import { targetOf } from './mayPlan.ts';
import { inspectTraffic, lookBefore } from './observe/lookBefore.ts';
import { observe } from './observe/observe.ts';
import { mayRecreate } from './observe/preview.ts';
import { requireAccess } from './observe/requireAccess.ts';
import type { LivePod, Workload } from './ports.ts';
import { rehearseReload } from './reload/change.ts';
import { makeScalePlan } from './scale/plan.ts';
import type { Shared } from './scope.ts';
import { lookAccess } from './traffic/look.ts';

/** Validates, looks, and plans; touches nothing. What is refused here was not refused at a drained pod (design §8.7). */
export function planActivity(shared: Shared): ClusterActivities['plan'] {
  return activity(async (request, call) => {
    const other = planOfKind(request.spec);
    if (other !== undefined) {
      if (request.supersedes) throw noRelease();
      return other(shared, request.spec, call);
    }
    const spec = shared.factories.validateSpec(request.spec);
    const target = targetOf(spec, shared.cluster);
    const before = beforeOf(request.supersedes);
    if (before.supersedes) requireSameWay(spec, before.supersedes);
    const isBlueGreen = spec.strategy.mode === 'BlueGreen';
    const isCanary = spec.strategy.mode === 'Canary';
    if (isBlueGreen || isCanary) requireDeployment(target, spec.strategy.mode);
    const { traffic } = spec;
    const more = () => [
      ...(isBlueGreen || isCanary ? blueGreenAccess : []),
      ...canaryAccess(spec),
      ...(spec.change.reload === undefined && spec.change.hotSwap?.holds === undefined ? [] : lookAccess),
    ];
    const look = await lookBefore(shared, { target, traffic, more }, call);
    const { kube, workload, observed } = look;
    if (mayRecreate(spec)) {
      await requireAccess(kube, target.namespace, workload.recreation.access);
    }
    const registries = await inspectTraffic(shared, look, traffic, call);

    const seen = await observe(kube, workload, target, observed, spec, call.signal, before);
    const blueGreen = isBlueGreen
      ? await observeBlueGreen(kube, workload, spec, seen.observation, seen.pods)
      : undefined;
    const canary = isCanary ? await observeCanary(kube, workload, spec, seen.observation, seen.pods) : undefined;
    const make = () =>
      shared.factories.planRelease(spec, {
        ...seen.observation,
        findings: { ...seen.observation.findings, ...(registries.length > 0 && { registries }) },
        ...(blueGreen && { blueGreen: roomAfter(blueGreen, before) }),
        ...(canary && { canary: roomAfter(canary, before) }),
      });
    const plan = before.goesBack ? afterGoingBack(make, before.goesBack) : make();
    const { reload } = plan.change;
    if (reload === undefined) await rehearse(workload, plan, seen.pods);
    else await rehearseReload(kube, plan, reload, seen.pods, call.signal);
    return plan;
  });
}

/** The pods of a release that goes back leave their room to those of the next one. */
const roomAfter = <T extends BlueGreenObservation>(seen: T, { goesBack }: Before): T =>
  goesBack ? { ...seen, short: [] } : seen;

/** Documents that are no release, by their `kind`. */
const others: Readonly<Record<string, (shared: Shared, spec: unknown, call: Call) => Promise<Plan>>> = {
  Scale: makeScalePlan,
  Drain: makeDrainPlan,
};

function planOfKind(spec: unknown) {
  const kind = typeof spec === 'object' && spec !== null && 'kind' in spec ? spec.kind : undefined;
  return typeof kind === 'string' && Object.hasOwn(others, kind) ? others[kind] : undefined;
}

const noRelease = (): SluiceError =>
  new SluiceError('REFUSED', 'A scale or a drain cannot take the place of a release: it changes no version.', {
    next: 'Say it again when the release is through; a number can be changed with `kubectl scale`, and the release follows it.',
  });

/** The API server and its admission get to see both changes before anything else happens: the pods' and the template's. */
async function rehearse(workload: Workload, plan: Plan, pods: readonly Pod[]): Promise<void> {
  const { template, resize } = plan.change;
  if (template) {
    await workload.recreation.preview(plan.target, template.source);
    if (resize === undefined) return;
  }
  const first = plan.batches[0]?.pods[0];
  const pod = pods.find(({ metadata }) => metadata.uid === first?.uid);
  if (pod && first) {
    const live: LivePod = { name: first.name, uid: first.uid, pod };
    const change = {
      holder: 'plan',
      batch: 'plan',
      images: () => plan.change.to,
      ...(resize && { resources: resize.to }),
      wrote: () => undefined,
    };
    const { failed } = await workload.rehearse([live], change);
    const [refused] = failed;
    if (refused) throw new SluiceError(refused.code, `pod ${refused.pod}: ${refused.reason}`);
  }
  if (template === undefined) await workload.rehearseCommit(plan.target, plan.change.to);
}
