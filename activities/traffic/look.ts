import { exec } from '../kubernetes/exec.ts';
import { KubernetesFailure } from '../kubernetes/kubernetesFailure.ts';
import { nodes } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { ContainerStatus, Pod } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import { type LookerRules, lookerIn } from './looker.ts';
import { countedPorts, type Sight, sightOf, tables } from './sight.ts';

/** One look at who is connected to a pod. `rules`: what looks where no container of its own can. */
export type Look = (kube: Connection, pod: Pod, signal: AbortSignal, rules?: LookerRules) => Promise<Sight>;

/** The exec websocket is a GET; from Kubernetes 1.35 on the server asks for `create` as well. */
export const lookAccess: readonly Access[] = [
  { group: '', resource: 'pods/exec', verb: 'get' },
  { group: '', resource: 'pods/exec', verb: 'create' },
];

/** Measured: 0.1 to 0.2 s. */
const lookTimeoutMs = 5_000;
const nodeMemoryMs = 60_000;
const rememberedContainers = 10_000;

/** Looks by exec. Remembers which containers have no `cat` and which nodes no kubelet; one for the life of a worker. */
export function createLook(): Look {
  const withoutCat = new Set<string>();
  const fakeNodes = new Map<string, number>();

  const isKnownFake = (node: string): boolean =>
    Date.now() - (fakeNodes.get(node) ?? Number.NEGATIVE_INFINITY) < nodeMemoryMs;
  const isFake = async (kube: Connection, node: string): Promise<boolean> => {
    if (isKnownFake(node)) return true;
    // Every kubelet announces its port; on a node without one (kwok) nobody could exec.
    const listed = await kube.list(nodes, { fieldSelector: `metadata.name=${node}` }).catch(() => undefined);
    const [found] = listed?.items ?? [];
    const fake = found !== undefined && !found.status?.daemonEndpoints?.kubeletEndpoint?.Port;
    if (fake) fakeNodes.set(node, Date.now());
    return fake;
  };

  /** Looks in one container; undefined: it has no `cat`. */
  const lookIn = async (
    kube: Connection,
    pod: Pod,
    { name, id }: Running,
    signal: AbortSignal,
  ): Promise<Sight | undefined> => {
    if (withoutCat.has(id)) return undefined;
    const at = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container: name };
    const answer = await exec(kube, at, ['cat', ...tables], { timeoutMs: lookTimeoutMs, signal });
    if (answer.kind === 'ended') return sightOf(pod, answer.stdout, answer.stderr);
    if (answer.kind === 'refused') return refusal(answer.status, answer.reason);
    if (answer.kind === 'unreached') {
      return (await isFake(kube, pod.spec.nodeName ?? '')) ? noKubelet : { kind: 'failed', reason: answer.reason };
    }
    if (withoutCat.size >= rememberedContainers) withoutCat.clear();
    withoutCat.add(id);
    return undefined;
  };

  return async (kube, pod, signal, rules) => {
    if (countedPorts(pod)?.size === 0) {
      return unprovable('it shares the network of its node and declares no port');
    }
    if (isKnownFake(pod.spec.nodeName ?? '')) return noKubelet;
    const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status ?? {};
    // Those of the application first, then sidecars among the init containers.
    const running = runningOf(pod, [...containerStatuses, ...initContainerStatuses]);
    // Without a running container nothing listens. All containers share the network, so any of them can look.
    if (running.length === 0) return { kind: 'seen', callers: [], fromNode: [] };
    for (const container of [...running, ...runningOf(pod, ephemeralContainerStatuses)]) {
      const sight = await lookIn(kube, pod, container, signal);
      if (sight !== undefined) return sight;
    }
    const names = running.map(({ name }) => name).join(', ');
    if (rules === undefined) return unprovable(`no container of it can run cat (${names})`);
    try {
      const looker = await lookerIn(kube.with(signal), pod, rules);
      if (looker === 'gone') return { kind: 'gone' };
      if ('reason' in looker) return { kind: 'failed', reason: looker.reason };
      const sight = await lookIn(kube, pod, { name: looker.name, id: `${pod.metadata.uid}/${looker.name}` }, signal);
      return sight ?? { kind: 'failed', reason: `${rules.image} has no cat` };
    } catch (error) {
      if (!(error instanceof KubernetesFailure)) throw error;
      return { kind: 'failed', reason: error.message };
    }
  };
}

const unprovable = (reason: string): Sight => ({ kind: 'unprovable', reason });
const noKubelet = unprovable('its node has no kubelet to look through');

function refusal(status: number, reason: string): Sight {
  switch (status) {
    case 404:
      return { kind: 'gone' };
    case 401:
    case 403:
      return unprovable('the worker may not exec into pods');
    case 405:
      return unprovable('the API server has no exec by websocket');
    default:
      return { kind: 'failed', reason };
  }
}

interface Running {
  readonly name: string;
  readonly id: string;
}

const runningOf = ({ metadata }: Pod, statuses: readonly ContainerStatus[]): readonly Running[] =>
  statuses
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name, containerID }) => ({ name, id: containerID ?? `${metadata.uid}/${name}` }));
