import { imageParts } from '../imageName.ts';
import { workloadName } from '../names.ts';
import type { Observation } from '../observation.ts';
import type { Plan, PlannedPod, PlanWarning } from '../plan.ts';
import { countOf, someOf } from '../quantity.ts';
import type { ReleaseSpec } from '../spec.ts';
import { warn } from '../warn.ts';
import { graySize } from './gray.ts';
import { operatorWarnings } from './operatorWarnings.ts';
import { nodesWithout } from './prePull.ts';
import { servicesOf } from './traffic.ts';
import { warmUpWarnings } from './warmUp.ts';

type Drawn = Omit<Plan, 'writes' | 'estimateSeconds' | 'warnings'>;

/** What people should know before they let the release go on. None of it stops the release. */
export function planWarnings(
  plan: Drawn,
  spec: ReleaseSpec,
  observation: Observation,
  { leftover }: { readonly leftover: number },
): readonly PlanWarning[] {
  return [
    ...drain(plan, observation),
    ...serviceRegistries(observation),
    ...warmUpWarnings(plan, spec),
    ...othersWarnings(plan, observation),
    ...registryWarnings(plan, spec, observation),
    ...movedTags(plan, observation),
    ...prePull(plan, spec, observation),
    ...pods(plan, observation),
    ...groups(plan, spec, observation, leftover),
  ];
}

/** Pods that the drain will pass over in a service registry. */
function serviceRegistries({ findings: { registries = [] } }: Observation): PlanWarning[] {
  return registries.flatMap(({ source, missing, disabled }) => [
    ...warn(
      missing.length > 0,
      'NOT_REGISTERED',
      `No instance in ${source}, and changed all the same (missing: Skip): ${someOf(missing, 5)}.`,
    ),
    ...warn(
      disabled.length > 0,
      'OUT_ALREADY',
      `Taken out of ${source} by somebody else, and left so: ${someOf(disabled, 5)}.`,
    ),
  ]);
}

/** Services that send calls to the pods and are not drained. A readiness gate drains all of them. */
function drain({ traffic: { through } }: Drawn, { findings }: Observation): PlanWarning[] {
  if (through.some((source) => 'readinessGate' in source)) return [];
  const drained = new Set(servicesOf(through));
  const left = findings.services.filter((service) => !drained.has(service)).toSorted();
  const [first] = left;
  if (first === undefined) {
    return warn(
      through.length === 0,
      'NO_DRAIN',
      'No way out of traffic is named, and no Service selects the pods: whoever calls them otherwise may lose requests.',
    );
  }
  const one = left.length === 1;
  return warn(
    true,
    'NO_DRAIN',
    `${one ? 'Service' : 'Services'} ${left.join(', ')} ${one ? 'sends' : 'send'} calls to the pods and ${one ? 'is' : 'are'} not drained: requests may be lost. Add \`service: ${first}\` to traffic.through.`,
  );
}

/** Who else has a hand in the workload. */
export function othersWarnings(
  plan: Drawn,
  { findings, paused, leftHeld, supersedes, pods: all }: Observation,
): PlanWarning[] {
  const { target, maxUnavailable } = plan;
  const name = workloadName(target);
  const changed = all.filter(({ changedBy }) => supersedes !== undefined && changedBy === supersedes.holder).length;
  return [
    ...findings.autoscalers
      .toSorted()
      .flatMap((scaler) =>
        warn(
          true,
          'AUTOSCALER',
          `HorizontalPodAutoscaler ${scaler} may scale ${name} in mid-release; pods that it adds are brought along before the ${plan.change.reload === undefined ? 'commit' : 'end'}.`,
        ),
      ),
    ...findings.budgets.flatMap(({ name: budget, out }) =>
      warn(plan.surge === undefined && out < maxUnavailable, 'DISRUPTION_BUDGET', budgetText(budget, out, plan)),
    ),
    ...findings.owners.flatMap((owner) =>
      warn(
        plan.change.reload === undefined,
        'GITOPS_OWNER',
        `${owner} writes ${name} too and may set the old image again. Stop its sync for the release, and change the image there as well.`,
      ),
    ),
    ...(plan.change.reload === undefined
      ? operatorWarnings(
          findings,
          (owner) =>
            `${name} belongs to ${owner}, whose operator may set the old template again, in mid-release or after it. Make the change in ${owner} too, and pause its operator for the release; or let the operator make it.`,
        )
      : []),
    ...warn(
      supersedes !== undefined,
      'SUPERSEDES',
      `The release of ${supersedes?.change.version ?? ''} that runs ends where it is, once the pods that it has in hand are through: the ${countOf(changed, 'pod')} that it has changed by now ${changed === 1 ? 'goes' : 'go'} to the newer version too. A rollback brings every pod back to ${plan.change.fromVersion || 'the version before both'}.`,
    ),
    ...warn(
      leftHeld,
      'LEFT_HELD',
      `A release of ${name} whose workflow was terminated still holds it; this one takes over what it left.`,
    ),
    ...warn(
      (findings.unrecorded ?? []).length > 0,
      'NO_RECORD',
      `The worker may not ${(findings.unrecorded ?? []).join(', ')}: \`sluice history\` forgets this release when Temporal does.`,
    ),
    ...warn(paused, 'PAUSED_ALREADY', `${name} is paused already, not by Sluice; it stays paused after the release.`),
  ];
}

function budgetText(name: string, out: number, { disruptionBudgets, maxUnavailable }: Drawn): string {
  const lets = `PodDisruptionBudget ${name} lets ${out === 0 ? 'no pod' : countOf(out, 'pod')} be out of service`;
  if (disruptionBudgets !== 'Respect') {
    return `${lets}, and is ignored, as the spec says: up to ${maxUnavailable} will be out of service at once, and node drains may have to wait.`;
  }
  return out === 0
    ? `${lets} now: pods that are ready wait until it does. \`strategy.disruptionBudgets: Ignore\` goes on without it.`
    : `${lets}: so many at once, and not the ${maxUnavailable} of strategy.maxUnavailable.`;
}

export function registryWarnings(
  { change: { to } }: Drawn,
  { change }: ReleaseSpec,
  { findings }: Observation,
): PlanWarning[] {
  return Object.entries(findings.registrySilent).flatMap(([container, reason]) => {
    const image = change.images?.[container] ?? to[container];
    const tag = image !== undefined && !image.includes('@') && change.pin === 'Digest';
    const unpinned = tag ? ', and its tag is not pinned to a digest' : '';
    return warn(
      image !== undefined,
      'REGISTRY_SILENT',
      `The registry did not say whether ${image} (container ${container}) exists: ${reason}. It is not checked before the first pod${unpinned}.`,
    );
  });
}

/** A restart keeps what runs, also where the registry has something newer under the tag. */
function movedTags({ change: { from, to, restart } }: Drawn, { findings }: Observation): PlanWarning[] {
  if (restart !== true) return [];
  return Object.entries(from).flatMap(([container, image]) => {
    const runs = imageParts(to[container] ?? '').digest;
    const now = findings.digests[container];
    return warn(
      !image.includes('@') && now !== undefined && now !== runs,
      'TAG_MOVED',
      `The registry has another image under ${image} now than the pods run (container ${container}). The restart keeps what they run, and writes its digest; a rollback writes the tag again, which is pulled anew where the pull policy is Always.`,
    );
  });
}

function prePull({ batches, change, target }: Drawn, spec: ReleaseSpec, observation: Observation): PlanWarning[] {
  const { missing } = observation.findings.prePull;
  const nodes =
    spec.change.prePull === 'Auto' && missing.length > 0 ? nodesWithout(change.to, batches, observation) : [];
  return warn(
    nodes.length > 0,
    'NO_PRE_PULL',
    `The new images are not pulled beforehand on ${countOf(nodes.length, 'node')} that may not have them: the worker may not ${missing.join('; ')}. A container of ${workloadName(target)} is killed before its new image is pulled: a slow pull lasts as long as its pod is out of service. deploy/rbac.yaml has the verbs.`,
  );
}

function pods({ batches, change, target }: Drawn, { findings, pods: all }: Observation): PlanWarning[] {
  const planned = batches.flatMap((batch) => batch.pods);
  const mixed = planned.filter(({ from }) => from !== undefined);
  const ahead = all.length - planned.length;
  const down = all.filter(({ ready }) => !ready);
  const name = workloadName(target);
  const lost = all.filter(({ nodeReady }) => !nodeReady);
  return [
    ...warn(
      lost.length > 0,
      'NODE_LOST',
      `${countOf(lost.length, 'pod')} of ${name} ${lost.length === 1 ? 'is on a node that does' : 'are on nodes that do'} not report (${[...new Set(lost.map(({ node }) => node))].slice(0, 5).join(', ')}): they come last, and are not waited for while their nodes are lost.`,
    ),
    ...warn(
      mixed.length > 0,
      'MIXED_VERSIONS',
      `${countOf(mixed.length, 'pod')} of ${name} ${mixed.length === 1 ? 'runs' : 'run'} other images than its template (${named(mixed, fromText)}); a rollback brings each back to its own.`,
    ),
    ...warn(
      ahead > 0,
      'MIXED_VERSIONS',
      `${countOf(ahead, 'pod')} of ${name} ${ahead === 1 ? 'has' : 'have'} ${change.reload === undefined ? 'the new images' : change.version} already and ${ahead === 1 ? 'is' : 'are'} in no batch.`,
    ),
    ...warn(
      findings.probeSeconds === 0,
      'NO_READINESS_PROBE',
      `The pods of ${name} have no readiness probe: a container counts as ready as soon as it runs.`,
    ),
    ...warn(
      down.length > 0,
      'PODS_NOT_READY',
      `${countOf(down.length, 'pod')} of ${name} ${down.length === 1 ? 'is' : 'are'} not ready now (${named(down.toSorted(byName), ({ name: pod }) => pod)}); such pods go first.`,
    ),
  ];
}

/** Groups of another size than the spec reads. */
function groups(
  { batches }: Drawn,
  { strategy }: ReleaseSpec,
  observation: Observation,
  leftover: number,
): PlanWarning[] {
  const [gray] = batches;
  const wanted = Math.min(
    graySize(strategy.gray, observation),
    batches.reduce((sum, batch) => sum + batch.pods.length, 0),
  );
  const small = strategy.gray.select?.names === undefined && gray !== undefined && gray.pods.length < wanted;
  const last = batches.at(-1)?.name ?? '';
  return [
    ...warn(
      small,
      'GRAY_SMALLER',
      `strategy.gray.select matches only ${countOf(gray?.pods.length ?? 0, 'pod')} to change; strategy.gray.pods asks for ${wanted}.`,
    ),
    ...warn(
      leftover > 0,
      'LEFTOVER_BATCH',
      `strategy.batches leaves ${countOf(leftover, 'pod')} over, which ${leftover === 1 ? 'makes' : 'make'} ${last}.`,
    ),
  ];
}

const named = <T>(entries: readonly T[], text: (entry: T) => string): string => someOf(entries.map(text), 3, '; ');

const fromText = ({ name, from = {} }: PlannedPod): string =>
  `${name}: ${Object.entries(from)
    .map(([container, image]) => `${container}=${image}`)
    .join(', ')}`;

const byName = (a: { readonly name: string }, b: { readonly name: string }): number => (a.name < b.name ? -1 : 1);
