import { containerNotFound } from '../../workflows/contract/containerNotFound.ts';
import { hotSwapImages } from '../../workflows/contract/hotSwap/planner.ts';
import type { Target } from '../../workflows/contract/names.ts';
import type { Images, Observation, Preview } from '../../workflows/contract/observation.ts';
import { askedImages } from '../../workflows/contract/planner/change.ts';
import { restartImages } from '../../workflows/contract/planner/restart.ts';
import type { Before, RunningRelease } from '../../workflows/contract/planner/supersede.ts';
import type { ReleaseSpec } from '../../workflows/contract/spec.ts';
import { budgetRooms } from '../kubernetes/budgets.ts';
import { ownHash } from '../kubernetes/deployment/ownSet.ts';
import { nodes } from '../kubernetes/resources.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { ObservedWorkload, Workload } from '../ports.ts';
import { prePullAccess } from '../prePull/access.ts';
import { pullNeeds } from '../prePull/needs.ts';
import { leftOutOf } from '../traffic/registry/trail.ts';
import { findingsOf } from './findings.ts';
import { heldBefore } from './heldBefore.ts';
import { livingPods } from './livingPods.ts';
import { nodesOf, observedPod } from './observedPod.ts';
import { ownImages } from './ownImages.ts';
import { previewOf } from './preview.ts';
import { askedWithoutLogin, digestsIn, logsIn, registryAnswers, requireThere, silenceIn } from './registryAnswers.ts';
import { missingAccess } from './requireAccess.ts';
import { withResize } from './resize.ts';

/** The observation that the planner needs, and the pods' own objects for a rehearsal. */
export interface Observed {
  readonly observation: Observation;
  readonly pods: readonly Pod[];
}

/**
 * Reads everything once. `change`: what is asked for.
 * @throws CONTAINER_NOT_FOUND, IMAGE_NOT_FOUND where a registry says that it has no such image, RESTART_UNSAFE
 */
export async function observe(
  kube: Connection,
  workload: Workload,
  target: Target,
  observed: ObservedWorkload,
  spec: ReleaseSpec,
  signal: AbortSignal,
  { supersedes, goesBack }: Before,
): Promise<Observed> {
  const runs = (supersedes ?? goesBack) !== undefined;
  const { change } = spec;
  const { template, revisionImages } = observed;
  const previewed = await previewOf(workload, target, template, spec);
  const asked = imagesAsked(target, observed, change, previewed?.preview);
  const [living, nodeList, found, missing, answers] = await Promise.all([
    livingPods(kube, workload, target, observed),
    kube.list(nodes, {}),
    findingsOf(kube, target, observed),
    missingAccess(kube, target.namespace, prePullAccess),
    registryAnswers(template, asked, signal),
  ]);
  const own = goesBack ? living.filter((pod) => !standsBeside(pod, observed, goesBack)) : living;
  const nodesByName = nodesOf(nodeList);
  const preview =
    previewed && (await withResize(previewed, template, { kube, target, spec, pods: own, nodes: nodesByName, signal }));
  const observedPods = own.map((pod) => observedPod(pod, nodesByName, workload));
  const budgets = await budgetRooms(kube, target.namespace, own);
  const ids = change.restart === undefined || preview ? {} : await ownImages(observedPods, asked, signal);
  const seen = {
    target,
    templateImages: imagesOfTemplate(observed),
    revisionImages,
    pods: observedPods,
    findings: {
      ...found,
      ...(goesBack && { openServices: [] }),
      ...(!runs && { leftOut: leftOutOf(own) }),
      budgets,
      digests: digestsIn(answers),
      ownImages: ids,
    },
  };
  // A restart writes other spellings than those of the template: they are what must be there.
  const images = change.restart === undefined || preview ? asked : restartImages(change.restart, seen);
  const answered = images === asked ? answers : await registryAnswers(template, images, signal);
  const login = logsIn([template, previewed?.to, ...living]);
  const said = login ? askedWithoutLogin(answered) : answered;
  requireThere(said, images);
  const observation: Observation = {
    ...seen,
    uid: observed.uid,
    replicas: observed.replicas,
    minReadySeconds: observed.minReadySeconds,
    ...heldBefore(observed),
    ...(runs && { leftHeld: false }),
    ...(supersedes && { supersedes }),
    ...(preview && { preview }),
    findings: {
      ...seen.findings,
      registrySilent: silenceIn(said),
      prePull: { missing, nodes: pullNeeds(nodeList.items, template, images, seen.findings.digests) },
    },
  };
  // A Service sends callers to those beside them, too.
  return { observation, pods: living };
}

/** Whether the running release has made it, in mode BlueGreen or Canary: it goes with that. */
const standsBeside = (pod: Pod, { uid }: ObservedWorkload, { holder }: RunningRelease): boolean =>
  pod.metadata.labels?.[hashLabel] === ownHash(uid, holder);

const imagesOfTemplate = ({ template }: ObservedWorkload): Images =>
  Object.fromEntries((template.spec?.containers ?? []).map(({ name, image }) => [name, image ?? '']));

/** The images about which the registries are asked first: the new ones, or those to be restarted. */
function imagesAsked(
  target: Target,
  observed: ObservedWorkload,
  change: ReleaseSpec['change'],
  preview: Preview | undefined,
): Images {
  const { restart } = change;
  const has = imagesOfTemplate(observed);
  const images =
    change.hotSwap !== undefined
      ? hotSwapImages(change.hotSwap, has)
      : restart === undefined
        ? askedImages(change, has, preview?.images)
        : undefined;
  const there = Object.keys(has);
  const named = images !== undefined ? Object.keys(images) : Array.isArray(restart) ? restart : there;
  const unknown = named.filter((container) => !there.includes(container));
  if (unknown.length === 0) return images ?? Object.fromEntries(named.map((name) => [name, has[name] ?? '']));
  const init = (observed.template.spec?.initContainers ?? []).filter(({ name }) => unknown.includes(name));
  const why = init.map(({ name, restartPolicy }) =>
    restartPolicy === 'Always'
      ? `${name} is a sidecar among its init containers: Sluice does not change those.`
      : `${name} is an init container, which runs no more in a pod that is up: it cannot change in place.`,
  );
  throw containerNotFound(target, { unknown, there }, why);
}
