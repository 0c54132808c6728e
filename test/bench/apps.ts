import { deployments, pods, services } from '../../activities/kubernetes/resources.ts';
import type { Pod } from '../../activities/kubernetes/wire.ts';
import { apply, awaitAvailable, type KubernetesObject, remove } from '../../local/apply.ts';
import { until } from '../../local/process/wait.ts';
import { sampleImage, sampleManifests } from '../../local/sample.ts';
import type { Contender } from './contenders/contender.ts';
import type { BenchOptions } from './options.ts';
import type { Stack } from './stack.ts';

/** What the program reads at SIGHUP, which would end it otherwise. */
export const versionFile = '/dev/shm/version';

/** One application of the bench: a Deployment with a Service, its pods ready. */
export interface App {
  readonly namespace: string;
  readonly name: string;
  /** The image that its pods run, and the one that they shall run. */
  readonly from: string;
  readonly to: string;
  /** Of one that is paired: the image of the container that does nothing. */
  readonly empty: string;
  pods(): Promise<readonly Pod[]>;
}

export interface Apps {
  /** A fresh or reused application of that name, all pods ready on one version. */
  take(contender: Pick<Contender, 'name' | 'paired'>, strategy?: object): Promise<App>;
  /** It was changed, or is not needed any more. */
  give(app: App): Promise<void>;
  close(): Promise<void>;
}

const settleMs = 1_200_000;

/**
 * In a stack that stays they stay too, for the next bench. On kwok an application is used again, back and forth between two versions: making a thousand pods takes longer than
 * changing them. On a kubelet each is new: an image that runs in a pod for the third time within minutes is delayed by
 * kubelet (docs/decisions.md).
 */
export async function openApps(stack: Stack, { runtime, pods: replicas, stateDir }: BenchOptions): Promise<Apps> {
  const namespace = `bench-${replicas}`;
  const namespaceObject: KubernetesObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await apply(stack.call, [namespaceObject]);
  const images = [sampleImage('v1', stack.registry), sampleImage('v2', stack.registry)] as const;
  const runs = new Map<string, string>();
  let made = 0;

  const empty = sampleImage('empty', stack.registry);
  const deploy = async (name: string, paired = false): Promise<string> => {
    // What an earlier bench left.
    const image = (await list(name))[0]?.spec.containers[0]?.image;
    if (image !== undefined) return image.split('@')[0] ?? image;
    const pair = paired ? { pair: empty } : {};
    const env = { VERSION_FILE: versionFile };
    const { service, deployment } = sampleManifests({
      image: images[0],
      runtime,
      namespace,
      name,
      replicas,
      env,
      ...pair,
    });
    await apply(stack.call, [service, deployment]);
    await awaitAvailable(stack.call, deployment, settleMs);
    return images[0];
  };
  const list = async (name: string): Promise<readonly Pod[]> =>
    (await stack.kube.list(pods, { namespace, labelSelector: `app=${name}` })).items;
  const rest = async (name: string): Promise<void> => {
    const only = async () => ((await list(name)).length === replicas ? true : undefined);
    if ((await until(only, { timeoutMs: settleMs, everyMs: 500 })) === undefined) {
      throw new Error(`${name} does not come to rest.`);
    }
  };
  return {
    take: async (contender, strategy) => {
      made += 1;
      const name = runtime === 'kwok' ? contender.name : `${contender.name}-${made}`;
      const from = runs.get(name) ?? (await deploy(name, contender.paired));
      if (strategy) {
        await stack.kube.patch(deployments, { namespace, name }, { spec: { strategy } }, { as: 'merge' });
      }
      await rest(name);
      const to = from === images[0] ? images[1] : images[0];
      runs.set(name, to);
      return { namespace, name, from, to, empty, pods: () => list(name) };
    },
    give: async ({ name }) => {
      if (runtime === 'kwok') return;
      await stack.kube.remove(services, { namespace, name });
      const { deployment } = sampleManifests({ image: images[0], namespace, name });
      await remove(stack.call, deployment);
    },
    close: async () => {
      if (stateDir === undefined) await remove(stack.call, namespaceObject, settleMs);
    },
  };
}
