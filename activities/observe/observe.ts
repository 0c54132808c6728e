import { SluiceError } from '../../workflows/contract/errors.ts';
import { type Target, workloadName } from '../../workflows/contract/names.ts';
import type { Images, Observation } from '../../workflows/contract/observation.ts';
import { isLeaving } from '../kubernetes/podState.ts';
import { nodes, pods } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { ObservedWorkload, Workload } from '../ports.ts';
import { prePullAccess } from '../prePull/access.ts';
import { pullNeeds } from '../prePull/needs.ts';
import { findingsOf } from './findings.ts';
import { nodesOf, observedPod } from './observedPod.ts';
import { missingAccess } from './requireAccess.ts';

/** The observation that the planner needs, and the pods' own objects for a rehearsal. */
export interface Observed {
  readonly observation: Observation;
  readonly pods: readonly Pod[];
}

/** Reads everything once. `images`: those that are asked for, by container. */
export async function observe(
  kube: Connection,
  workload: Workload,
  target: Target,
  observed: ObservedWorkload,
  images: Images,
  signal: AbortSignal,
): Promise<Observed> {
  requireContainers(target, observed, images);
  const [podList, nodeList, findings, missing] = await Promise.all([
    kube.list(pods, { namespace: target.namespace, labelSelector: observed.selector }),
    kube.list(nodes, {}),
    findingsOf(kube, target, observed, images, signal),
    missingAccess(kube, target.namespace, prePullAccess),
  ]);
  const nodesByName = nodesOf(nodeList);
  const own = podList.items.filter((pod) => workload.owns(target, pod) && !isLeaving(pod));
  const observation: Observation = {
    target,
    uid: observed.uid,
    replicas: observed.replicas,
    templateImages: imagesOfTemplate(observed),
    minReadySeconds: observed.minReadySeconds,
    // What a release that was terminated left behind is not the state that people gave it.
    paused: observed.paused && observed.holder === undefined,
    leftHeld: observed.holder !== undefined,
    readinessGates: (observed.template.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType),
    pods: own.map((pod) => observedPod(pod, nodesByName)),
    findings: {
      ...findings,
      prePull: { missing, nodes: pullNeeds(nodeList.items, observed.template, images, findings.digests) },
    },
  };
  return { observation, pods: own };
}

const imagesOfTemplate = ({ template }: ObservedWorkload): Images =>
  Object.fromEntries((template.spec?.containers ?? []).map(({ name, image }) => [name, image ?? '']));

function requireContainers(target: Target, observed: ObservedWorkload, images: Images): void {
  const there = Object.keys(imagesOfTemplate(observed));
  const unknown = Object.keys(images).filter((container) => !there.includes(container));
  if (unknown.length === 0) return;
  throw new SluiceError(
    'CONTAINER_NOT_FOUND',
    `${workloadName(target)} has no container ${unknown.join(', ')}; it has ${there.join(', ')}.`,
    { details: { unknown, there } },
  );
}
