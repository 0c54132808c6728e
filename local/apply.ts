import { SluiceError } from '../workflows/contract/errors.ts';
import type { Answer, KubernetesCall } from './kubernetes/client.ts';

/** As much of an object as is needed to find it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Who writes, for the API server's managed fields. */
const fieldManager = 'sluice-local';

/** Makes objects as they are given, new or not (server-side apply), in their order. */
export async function apply(call: KubernetesCall, objects: readonly KubernetesObject[]): Promise<void> {
  for (const object of objects) {
    const path = `${pathOf(object)}?fieldManager=${fieldManager}&force=true`;
    expectOk(await call('PATCH', path, object, 'application/apply-patch+yaml'), `apply ${nameOf(object)}`);
  }
}

/** Deletes an object and waits until it and what it owns is gone; one that is not there is no error. */
export async function remove(call: KubernetesCall, object: KubernetesObject, timeoutMs = 60_000): Promise<void> {
  const answer = await call('DELETE', pathOf(object), { propagationPolicy: 'Foreground' });
  if (answer.status !== 404) expectOk(answer, `delete ${nameOf(object)}`);
  const gone = await awaitAnswer(
    () => call('GET', pathOf(object)),
    ({ status }) => status === 404,
    timeoutMs,
  );
  if (!gone) throw new SluiceError('INTERNAL', `${nameOf(object)} was not gone after ${timeoutMs / 1000} s.`);
}

/**
 * Waits until every replica of a Deployment or of its like is ready.
 * @returns how many there are
 */
export async function awaitAvailable(
  call: KubernetesCall,
  deployment: KubernetesObject,
  timeoutMs = 120_000,
): Promise<number> {
  let wanted = 0;
  const ready = await awaitAnswer(
    () => call('GET', pathOf(deployment)),
    ({ body }) => {
      const { metadata, spec, status } = body as Partial<WorkloadBody>;
      wanted = spec?.replicas ?? status?.desiredNumberScheduled ?? 0;
      const seen = (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
      const now = status?.readyReplicas ?? status?.numberReady;
      const updated = status?.updatedReplicas ?? status?.updatedNumberScheduled;
      // A ReplicaSet does not count which of its pods are new.
      const isNew = deployment.kind === 'ReplicaSet' || updated === wanted;
      return seen && wanted > 0 && now === wanted && isNew;
    },
    timeoutMs,
  );
  if (!ready) throw new SluiceError('INTERNAL', `${nameOf(deployment)} was not ready after ${timeoutMs / 1000} s.`);
  return wanted;
}

/** Of a Deployment or a StatefulSet, or of a DaemonSet. */
interface WorkloadBody {
  readonly metadata: { readonly generation?: number };
  readonly spec: { readonly replicas?: number };
  readonly status: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly desiredNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
  };
}

async function awaitAnswer(
  ask: () => Promise<Answer>,
  wanted: (answer: Answer) => boolean,
  timeoutMs: number,
): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    if (wanted(await ask())) return true;
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/** The kinds that are used here have regular plurals; the API server's discovery would answer the same. */
function pathOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const namespace = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${group}${namespace}/${kind.toLowerCase()}s/${metadata.name}`;
}

const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind.toLowerCase()}/${metadata.name}`;

function expectOk({ status, body }: Answer, what: string): void {
  if (status >= 200 && status < 300) return;
  const reason = (body as { message?: unknown } | undefined)?.message;
  throw new SluiceError(
    'INTERNAL',
    `The local API server refused to ${what}: ${status} ${typeof reason === 'string' ? reason : ''}`,
  );
}
