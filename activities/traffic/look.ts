import { exec } from '../kubernetes/exec.ts';
import { nodes } from '../kubernetes/resources.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { Pod } from '../kubernetes/wire.ts';
import type { Access } from '../ports.ts';
import { countedPorts, type Sight, sightOf, tables } from './sight.ts';

/** One look at who is connected to a pod. */
export type Look = (kube: Connection, pod: Pod, signal: AbortSignal) => Promise<Sight>;

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

  return async (kube, pod, signal) => {
    if (countedPorts(pod)?.size === 0) {
      return unprovable('it shares the network of its node and declares no port');
    }
    const node = pod.spec.nodeName ?? '';
    const noKubelet = unprovable('its node has no kubelet to look through');
    if (isKnownFake(node)) return noKubelet;
    const running = runningContainers(pod);
    // Without a running container nothing listens. All containers share the network, so any of them can look.
    if (running.length === 0) return { kind: 'seen', callers: [], fromNode: [] };
    for (const { name, id } of running) {
      if (withoutCat.has(id)) continue;
      const at = { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name, container: name };
      const answer = await exec(kube, at, ['cat', ...tables], { timeoutMs: lookTimeoutMs, signal });
      if (answer.kind === 'ended') return sightOf(pod, answer.stdout, answer.stderr);
      if (answer.kind === 'refused') return refusal(answer.status, answer.reason);
      if (answer.kind === 'unreached') {
        return (await isFake(kube, node)) ? noKubelet : { kind: 'failed', reason: answer.reason };
      }
      if (withoutCat.size >= rememberedContainers) withoutCat.clear();
      withoutCat.add(id);
    }
    return unprovable(`no container of it can run cat (${running.map(({ name }) => name).join(', ')})`);
  };
}

const unprovable = (reason: string): Sight => ({ kind: 'unprovable', reason });

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

/** Containers that run: those of the application first, then sidecars among the init containers. */
function runningContainers(pod: Pod): readonly { readonly name: string; readonly id: string }[] {
  return [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]
    .filter(({ state }) => state?.running !== undefined)
    .map(({ name, containerID }) => ({ name, id: containerID ?? `${pod.metadata.uid}/${name}` }));
}
