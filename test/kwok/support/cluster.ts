import { randomBytes } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { KubernetesCall } from '../../../local/kubernetes/client.ts';
import { openStack } from '../../../local/open-stack.ts';
import { until } from '../../../local/process/wait.ts';

/** As much of a pod as the tests look at. */
export interface PodView {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase: string;
    readonly podIP?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
    readonly containerStatuses?: readonly ContainerView[];
  };
}

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly containerID?: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: {
    readonly running?: { readonly startedAt: string };
    readonly waiting?: { readonly reason: string };
    readonly terminated?: { readonly exitCode: number; readonly reason: string };
  };
  readonly lastState?: { readonly terminated?: { readonly exitCode: number; readonly containerID?: string } };
}

/** Calls that fail the test when the API server refuses. */
export interface Cluster {
  readonly namespace: string;
  create(path: string, body: object): Promise<void>;
  /** Strategic merge patch of a pod, or of its status. */
  patchPod(name: string, body: object, subresource?: 'status'): Promise<void>;
  pods(): Promise<PodView[]>;
  pod(name: string): Promise<PodView>;
  /** Waits for a pod to be as wanted; the error shows how it was last. */
  untilPod(name: string, wanted: (pod: PodView) => boolean, timeoutMs?: number): Promise<PodView>;
}

/** A namespace of its own in the stack of a state directory, deleted when the test ends. */
export async function openCluster(stateDir: string): Promise<Cluster> {
  const call = await openStack({ stateDir });
  const namespace = `t-${randomBytes(4).toString('hex')}`;
  const ask = async (...request: Parameters<KubernetesCall>): Promise<unknown> => {
    const { status, body } = await call(...request);
    if (status >= 300) throw new Error(`${request[0]} ${request[1]}: HTTP ${status} ${JSON.stringify(body)}`);
    return body;
  };
  await ask('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  onTestFinished(async () => {
    await call('DELETE', `/api/v1/namespaces/${namespace}`).catch(() => undefined);
  });
  const base = `/api/v1/namespaces/${namespace}/pods`;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the Kubernetes API says what a Pod is
  const pod = async (name: string) => (await ask('GET', `${base}/${name}`)) as PodView;
  return {
    namespace,
    pod,
    async create(path, body) {
      await ask('POST', path.replace('{namespace}', namespace), body);
    },
    async patchPod(name, body, subresource) {
      const path = subresource === undefined ? name : `${name}/${subresource}`;
      await ask('PATCH', `${base}/${path}`, body, 'application/strategic-merge-patch+json');
    },
    async pods() {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the Kubernetes API says what a PodList is
      return ((await ask('GET', base)) as { items: PodView[] }).items;
    },
    async untilPod(name, wanted, timeoutMs = 20_000) {
      let last: PodView | undefined;
      const found = await until(
        async () => {
          last = await pod(name);
          return last.status.containerStatuses !== undefined && wanted(last) ? last : undefined;
        },
        { timeoutMs },
      );
      if (found === undefined)
        throw new Error(`${name} was never as wanted, last: ${JSON.stringify(last?.status, null, 1)}`);
      return found;
    },
  };
}

/** A pod with these containers (name → image). */
export const podManifest = (
  name: string,
  images: Readonly<Record<string, string>>,
  more: { readonly annotations?: Readonly<Record<string, string>>; readonly spec?: object } = {},
): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations: more.annotations ?? {} },
  spec: {
    containers: Object.entries(images).map(([containerName, image]) => ({ name: containerName, image })),
    ...more.spec,
  },
});

export const isReady = ({ status }: PodView): boolean =>
  status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;

export function container(pod: PodView, name: string): ContainerView {
  const found = pod.status.containerStatuses?.find((status) => status.name === name);
  if (found === undefined) throw new Error(`${pod.metadata.name} has no container ${name}`);
  return found;
}
