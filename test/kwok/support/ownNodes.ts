import { randomBytes } from 'node:crypto';
import { nodes } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import { isNodeReady } from '../../../activities/observe/observedPod.ts';
import { eventually } from '../activities/fixtures.ts';

/** Nodes that only the pods of one test are for. */
export interface OwnNodes {
  /** For the spec of pods. No others come there: they would be silenced with their node. */
  readonly podSpec: object;
  readonly names: readonly string[];
  /** One more; its name. */
  add(zone: string): Promise<string>;
  /** It reports no more, and does nothing for its pods, until Kubernetes calls it not ready: two minutes. */
  silence(name: string): Promise<void>;
  /** It is ready again, and does what was asked of its pods meanwhile. */
  wake(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Ready nodes, played by kwok, one in each of those zones. */
export async function ownNodes(kube: Connection, zones: readonly string[]): Promise<OwnNodes> {
  const own = `own-${randomBytes(3).toString('hex')}`;
  const names: string[] = [];
  const taint = { key: 'own', value: own, effect: 'NoSchedule' };
  const label = (name: string, value: string | null) =>
    kube.patch(nodes, { name }, { metadata: { labels: { 'sluice.dev/kwok': value } } }, { as: 'merge' });
  const untilReady = (name: string) =>
    eventually(async () => {
      const node = await kube.get(nodes, { name });
      return isNodeReady(node) && (node.spec.taints ?? []).every(({ key }) => key === taint.key);
    });
  const add = async (zone: string): Promise<string> => {
    const name = `${own}-${names.length + 1}`;
    names.push(name);
    const labels = { own, 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone };
    const spec = { taints: [taint] };
    await kube.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec }, {});
    await untilReady(name);
    return name;
  };
  for (const zone of zones) await add(zone);
  return {
    podSpec: { nodeSelector: { own }, tolerations: [taint] },
    names,
    add,
    async silence(name) {
      await label(name, 'silent');
      await eventually(async () => !isNodeReady(await kube.get(nodes, { name })), 180_000);
    },
    async wake(name) {
      await label(name, null);
      await untilReady(name);
    },
    close: async () => {
      for (const name of names) await kube.remove(nodes, { name });
    },
  };
}
