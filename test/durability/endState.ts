import { deployments, endpointSlices, pods, replicaSets, services } from '../../activities/kubernetes/resources.ts';
import { endpointsOf } from '../../activities/traffic/endpointView.ts';
import { marks as ours } from '../../workflows/contract/names.ts';
import type { PodFacts, World } from '../support/world.ts';

/** All of a workload that a release may change, without names and times: equal for two releases that ended alike. */
export interface EndState {
  readonly phase: string;
  readonly notUndone: readonly string[];
  readonly template: string;
  readonly paused: boolean;
  /** As `kubectl rollout history` shows it: `1: image (cause)`. */
  readonly history: readonly string[];
  /** `v2, 1 restart, same pod`, sorted. */
  readonly pods: readonly string[];
  readonly endpoints: number;
  /** Keys of the Service's selector. */
  readonly selector: readonly string[];
  /** Marks of ours that are left, of any kind but the record on the pods of who changed them. */
  readonly marks: readonly string[];
}

/** How a release of v2 ends that nobody disturbed: each of its pods restarted once, nothing of ours left. */
export const succeeded = (count: number): EndState => ({
  phase: 'succeeded',
  notUndone: [],
  template: 'v2',
  paused: false,
  history: ['1: v1, 0 pods', `2: v2, ${count} pods (sluice: app v1 → v2 by test)`],
  pods: Array<string>(count).fill('v2, restarts 1, same pod'),
  endpoints: count,
  selector: ['app'],
  marks: [],
});

/** How its rollback ends: all as before, but for the restarts of each pod. */
export const rolledBack = (restarts: readonly number[]): EndState => ({
  ...succeeded(restarts.length),
  phase: 'rolledBack',
  template: 'v1',
  history: [`1: v1, ${restarts.length} pods`],
  pods: restarts.map((times) => `v1, restarts ${times}, same pod`).toSorted(),
});

/** `before`: the pods as they were before the release. */
export async function endStateOf(world: World, name: string, before: ReadonlyMap<string, PodFacts>): Promise<EndState> {
  const { kube, namespace } = world;
  const own = { namespace, labelSelector: `app=${name}` };
  const [status, deployment, sets, service, slices, list, marks] = await Promise.all([
    world.sluice.status(world.target(name)),
    kube.get(deployments, { namespace, name }),
    kube.list(replicaSets, own),
    kube.get(services, { namespace, name }),
    kube.list(endpointSlices, { namespace, labelSelector: `kubernetes.io/service-name=${name}` }),
    kube.list(pods, own),
    world.traces(name),
  ]);
  const tag = (image: string | undefined): string => (image ?? '').replace(/^.*:/, '');
  const podText = ({ metadata, spec, status: at }: (typeof list.items)[number]): string => {
    const was = before.get(metadata.name);
    const restarts = (at?.containerStatuses?.[0]?.restartCount ?? 0) - (was?.restarts ?? 0);
    const ready = at?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true;
    const { labels, annotations } = metadata;
    const left = labels?.[ours.serving] ?? annotations?.[ours.drained];
    return [
      tag(spec.containers[0]?.image),
      `restarts ${restarts}`,
      was?.uid === metadata.uid ? 'same pod' : 'another pod',
      ...(ready ? [] : ['not ready']),
      ...(left === undefined ? [] : [`left drained or labelled: ${left}`]),
    ].join(', ');
  };
  return {
    phase: status.phase,
    notUndone: status.notUndone.map(({ text }) => text),
    template: tag(deployment.spec.template.spec?.containers[0]?.image),
    paused: deployment.spec.paused === true,
    history: sets.items
      .map(({ metadata, spec }) => {
        const revision = metadata.annotations?.['deployment.kubernetes.io/revision'];
        const cause = metadata.annotations?.['kubernetes.io/change-cause'];
        const text = `${revision}: ${tag(spec.template?.spec?.containers[0]?.image)}, ${spec.replicas} pods`;
        return cause === undefined ? text : `${text} (${cause.replaceAll(name, 'app')})`;
      })
      .toSorted(),
    pods: list.items.map(podText).toSorted(),
    endpoints: endpointsOf(slices.items).ready,
    selector: Object.keys(service.spec.selector ?? {}),
    marks,
  };
}
