import { deployments } from '../../../activities/kubernetes/resources.ts';
import type { Deployment } from '../../../activities/kubernetes/wire.ts';
import type { Contender } from './contender.ts';

/** A Deployment's own rolling update: new pods for old ones. Its end is that of `kubectl rollout status`. */
const rollout = (name: string, title: string, surges: boolean): Contender => ({
  name,
  title,
  strategy: (maxUnavailable) => ({
    type: 'RollingUpdate',
    rollingUpdate: { maxUnavailable, maxSurge: surges ? maxUnavailable : 0 },
  }),
  async run({ stack, app }) {
    const at = { namespace: app.namespace, name: app.name };
    const body = { spec: { template: { spec: { containers: [{ name: 'app', image: app.to }] } } } };
    const started = performance.now();
    const over = new AbortController();
    const { metadata } = await stack.kube.patch(deployments, at, body, { as: 'strategic' });
    const where = { namespace: app.namespace, fieldSelector: `metadata.name=${app.name}` };
    for await (const event of stack.kube.with(over.signal).watch(deployments, where, metadata.resourceVersion)) {
      if (event.type !== 'BOOKMARK' && isThrough(event.object)) break;
    }
    const ms = performance.now() - started;
    over.abort();
    return { ms };
  },
});

const isThrough = ({ metadata, spec, status }: Deployment): boolean =>
  (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0) &&
  status?.replicas === spec.replicas &&
  status?.updatedReplicas === spec.replicas &&
  status?.availableReplicas === spec.replicas;

export const rolloutSurge = rollout('rollout', 'Deployment, maxSurge = maxUnavailable', true);
export const rolloutNoSurge = rollout('rollout-0', 'Deployment, maxSurge 0', false);
