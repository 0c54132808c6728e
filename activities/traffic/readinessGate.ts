import { SluiceError } from '../../workflows/contract/errors.ts';
import { idOfHolder, workloadName } from '../../workflows/contract/names.ts';
import { eachPod } from '../eachPod.ts';
import { handfulOf, join, type Outcome } from '../handful.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { conditionOf, isReady, readySince } from '../kubernetes/podState.ts';
import { podStatus, services } from '../kubernetes/resources.ts';
import type { Pod, Service } from '../kubernetes/wire.ts';
import type { Access, LivePod, PumpedPod, Traffic, TrafficDeps, TrafficRules } from '../ports.ts';
import { drainReason } from './drained.ts';
import type { EndpointWatches } from './endpoints.ts';
import { conditionPatch, type GateState, gateBefore, readGateState } from './gate/condition.ts';
import { gateStanding } from './gate/stands.ts';
import { putBack } from './putBack.ts';
import { type OpenServices, seeOut, takeOut } from './takeOut.ts';

const access: readonly Access[] = [
  { group: '', resource: 'pods/status', verb: 'patch' },
  { group: '', resource: 'services', verb: 'list' },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verb: 'list' },
  { group: 'discovery.k8s.io', resource: 'endpointslices', verb: 'watch' },
];

/**
 * Readiness gates that the pod template declares and somebody sets: a pod is taken out by setting the condition False
 * in pods/status, whereupon kubelet makes it not ready. A gate is never injected: it cannot be added to a running pod,
 * and whoever declares it must set it on every new one (kruise#892).
 */
export function readinessGateTraffic(gates: readonly string[], deps: TrafficDeps, watches: EndpointWatches): Traffic {
  const kube = deps.kube.with(deps.signal);
  const { target, holder } = deps.held;
  const release = idOfHolder(holder);

  /** What the gates of the pod were before its drain, those only that were open. */
  const opened = (pod: LivePod & Pick<PumpedPod, 'before'>): readonly (GateState & { readonly type: string })[] =>
    gates.flatMap((type, at) => {
      const before = readGateState(pod.before?.[at]) ?? gateBefore(pod.pod, type);
      return before.status === 'True' ? [{ ...before, type }] : [];
    });

  const write = async (
    { name, uid, pod }: LivePod,
    states: readonly (GateState & { readonly type: string })[],
  ): Promise<Outcome> => {
    const changed = states.filter(({ type, status, reason }) => {
      const now = conditionOf(pod, type);
      return now?.status !== status || now?.reason !== reason;
    });
    if (changed.length === 0) return 'done';
    try {
      const at = { namespace: target.namespace, name };
      deps.pods.wrote(
        await deps.kube.patch(podStatus, at, conditionPatch(uid, changed, new Date()), { as: 'strategic' }),
      );
      return 'done';
    } catch (error) {
      const another =
        error instanceof KubernetesFailure && error.status === 422 && error.message.includes('metadata.uid');
      if (another) return 'gone';
      throw error;
    }
  };

  /** Services whose endpoints follow the readiness of these pods. */
  const following = async (pods: readonly LivePod[]): Promise<readonly Service[]> => {
    const { items } = await kube.list(services, { namespace: target.namespace });
    return items.filter(
      (service) => !service.spec.publishNotReadyAddresses && pods.some(({ pod }) => selects(service, pod)),
    );
  };

  const split = (pods: readonly PumpedPod[]) => ({
    open: pods.filter((pod) => opened(pod).length > 0),
    shut: handfulOf(pods.filter((pod) => opened(pod).length === 0).map(({ name }) => [name, 'done'] as const)),
  });

  return {
    key: 'readinessGate',
    access,
    async inspect() {
      const { template } = await deps.workload.observe(target);
      const declared = (template.spec?.readinessGates ?? []).map(({ conditionType }) => conditionType);
      const missing = gates.filter((gate) => !declared.includes(gate));
      if (missing.length > 0) throw undeclared(workloadName(target), missing, declared);
    },
    async close() {
      // Nobody may stay out when all is over: a pod in no batch that a terminated release had taken out.
      const shut = deps.pods
        .all()
        .filter((pod) => gates.some((gate) => conditionOf(pod, gate)?.reason === drainReason));
      const live = shut.map((pod) => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
      const { failed } = await eachPod(live, deps.signal, (pod) => write(pod, opened(pod)));
      const [first] = failed;
      if (first) throw new SluiceError(first.code, `Pod ${first.pod} cannot be put back into traffic: ${first.reason}`);
    },
    async snapshot(pods) {
      return new Map(pods.map(({ name, pod }) => [name, gates.map((gate) => gateBefore(pod, gate))]));
    },
    stands: async (pods) => new Map(pods.map((pod) => [pod.name, gates.map((gate) => gateStanding(pod, gate))])),
    async drain(pods: readonly PumpedPod[], rules: TrafficRules) {
      const { open: going, shut } = split(pods);
      const shutState = { status: 'False', reason: drainReason, message: `Taken out of traffic by ${release}.` };
      const exit = {
        services: await following(going),
        selects,
        write: (pod: PumpedPod) =>
          write(
            pod,
            opened(pod).map(({ type }) => ({ type, ...shutState })),
          ),
      };
      return join(shut, await takeOut(deps, watches, exit, going, rules));
    },
    async seeOut(pods: readonly PumpedPod[], rules: TrafficRules) {
      const { open: going, shut } = split(pods);
      const leaving = {
        services: (await following(going)).map(({ metadata }) => metadata.name),
        isOut: (pod: PumpedPod, open: OpenServices) => {
          const live = deps.pods.find(pod);
          const sent = [...open.values()].some((watch) => watch.now().pods.get(pod.uid)?.ready === true);
          return !sent && (live === undefined || !isReady(live));
        },
        obstacle: async (pod: PumpedPod) => {
          const live = deps.pods.find(pod);
          const reopened = live !== undefined && gates.every((gate) => conditionOf(live, gate)?.reason !== drainReason);
          return reopened
            ? `Somebody opened its readiness gate ${gates.join(', ')} again while it was being drained`
            : undefined;
        },
      };
      return join(shut, await seeOut(deps, watches, leaving, going, rules));
    },
    async restore(pods: readonly PumpedPod[], rules: TrafficRules) {
      const { open: returning, shut } = split(pods);
      const there = await following(returning);
      const way = {
        services: ({ pod }: PumpedPod) =>
          there.filter((service) => selects(service, pod)).map(({ metadata }) => metadata.name),
        write: (pod: PumpedPod) => write(pod, opened(pod)),
        isFit: (pod: Pod) => readySince(pod, gates) !== undefined,
      };
      return join(shut, await putBack(deps, watches, way, returning, rules));
    },
  };
}

/** Without a selector somebody else writes its endpoints, and they do not follow the pods. */
function selects({ spec }: Service, { metadata }: Pod): boolean {
  const wanted = Object.entries(spec.selector ?? {});
  return wanted.length > 0 && wanted.every(([key, value]) => metadata.labels?.[key] === value);
}

const undeclared = (name: string, missing: readonly string[], declared: readonly string[]): SluiceError =>
  new SluiceError(
    'WORKLOAD_UNFIT',
    `The pod template of ${name} does not declare the readiness gate ${missing.join(', ')}; it declares: ${declared.join(', ') || 'none'}.`,
    {
      next: 'Use `service: <name>` in traffic.through, which needs no gate; or declare the gate in the template and see that somebody sets it on every new pod.',
    },
  );
