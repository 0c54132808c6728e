import { setMaxListeners } from 'node:events';
import { pods as podResource } from '../../../activities/kubernetes/resources.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import { countRequests, difference } from '../measure/requests.ts';
import type { Contender } from './contender.ts';

const counts = countRequests();

/**
 * The lower bound: a sliding window that patches a pod's image and waits on one watch until its container is another
 * one and the pod is ready. It plans nothing, remembers nothing, drains nothing, and cannot be stopped.
 */
export const floor: Contender = {
  name: 'floor',
  title: 'bare sliding window (floor)',
  async run({ stack, app: { namespace, name, to }, maxUnavailable }) {
    const before = counts();
    const started = performance.now();
    const over = new AbortController();
    setMaxListeners(0, over.signal);
    const kube = stack.kube.with(over.signal);
    const where = { namespace, labelSelector: `app=${name}` };
    const { items, resourceVersion } = await kube.list(podResource, where);
    // A run that was broken off may have left some that are there already.
    const behind = items.filter(({ spec }) => spec.containers[0]?.image !== to);
    const queue = behind.values();
    const open = new Map<string, string>();
    const next = async (): Promise<void> => {
      const { value: pod } = queue.next();
      if (pod === undefined) return;
      open.set(pod.metadata.name, containerOf(pod));
      const body = { spec: { containers: [{ name: 'app', image: to }] } };
      await stack.kube.patch(podResource, { namespace, name: pod.metadata.name }, body, { as: 'strategic' });
    };
    const following = (async () => {
      let left = behind.length;
      let version = resourceVersion;
      // The server may end a watch at any time.
      while (left > 0) {
        for await (const event of kube.watch(podResource, where, version)) {
          version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
          if (event.type === 'BOOKMARK' || !isDone(event.object, open.get(event.object.metadata.name))) continue;
          open.delete(event.object.metadata.name);
          left -= 1;
          if (left === 0) break;
          void next();
        }
      }
    })();
    await Promise.all(Array.from({ length: maxUnavailable }, next));
    await following;
    const ms = performance.now() - started;
    over.abort();
    return { ms, extras: async () => ({ requests: difference(counts(), before) }) };
  },
};

const containerOf = (pod: Pod): string => pod.status?.containerStatuses?.[0]?.containerID ?? '';

const isDone = (pod: Pod, before: string | undefined): boolean =>
  before !== undefined &&
  containerOf(pod) !== before &&
  pod.status?.containerStatuses?.[0]?.ready === true &&
  (pod.status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
