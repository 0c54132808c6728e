import { deployments } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Deployment } from '../../../activities/kubernetes/wire.ts';
import type { App } from '../apps.ts';
import type { Contender } from './contender.ts';

interface RollingUpdate {
  readonly maxUnavailable: number | string;
  readonly maxSurge: number | string;
}

export const noSurge = (maxUnavailable: number): RollingUpdate => ({ maxUnavailable, maxSurge: 0 });

/** The write with which the image changes. */
const newImage = ({ to }: App): object => ({
  spec: { template: { spec: { containers: [{ name: 'app', image: to }] } } },
});

/** A Deployment's own way after one `write`: new pods for old ones. Its end is that of `kubectl rollout status`. */
export const rollout = (
  name: string,
  title: string,
  rollingUpdate: (maxUnavailable: number) => RollingUpdate,
  write: (app: App) => object | Promise<object> = newImage,
): Contender => ({
  name,
  title,
  strategy: (maxUnavailable) => ({ type: 'RollingUpdate', rollingUpdate: rollingUpdate(maxUnavailable) }),
  async run({ stack, app }) {
    const at = { namespace: app.namespace, name: app.name };
    const body = await write(app);
    const started = performance.now();
    const over = new AbortController();
    await changed(stack.kube.with(over.signal), at, body);
    const ms = performance.now() - started;
    over.abort();
    return { ms };
  },
});

/** Writes, and follows the Deployment until its status has what it says. */
export async function changed(
  kube: Connection,
  at: { readonly namespace: string; readonly name: string },
  body: object,
): Promise<void> {
  const { metadata } = await kube.patch(deployments, at, body, { as: 'strategic' });
  const where = { namespace: at.namespace, fieldSelector: `metadata.name=${at.name}` };
  for await (const event of kube.watch(deployments, where, metadata.resourceVersion)) {
    if (event.type !== 'BOOKMARK' && isThrough(event.object)) break;
  }
}

const isThrough = ({ metadata, spec, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
  status?.replicas === spec.replicas &&
  status?.updatedReplicas === spec.replicas &&
  status?.availableReplicas === spec.replicas;

export const rolloutSurge = rollout('rollout', 'Deployment, maxSurge = maxUnavailable', (count) => ({
  maxUnavailable: count,
  maxSurge: count,
}));
export const rolloutNoSurge = rollout('rollout-0', 'Deployment, maxSurge 0', noSurge);
