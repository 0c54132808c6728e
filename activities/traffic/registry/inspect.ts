import { setTimeout as sleep } from 'node:timers/promises';
import { closest } from '../../../workflows/contract/closest.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';
import type { RegistryFinding } from '../../../workflows/contract/observation.ts';
import { someOf } from '../../../workflows/contract/quantity.ts';
import { isLeaving, isReady } from '../../kubernetes/podState.ts';
import type { LivePod } from '../../ports.ts';
import { RegistryFailure } from '../registries/failure.ts';
import type { Found } from '../registries/registry.ts';
import { beforeOf, lookAt, type RegistryWork } from './work.ts';

/** A server that misses one call is no reason to refuse a plan. */
const tries = 3;
const pauseMs = 1_000;

/**
 * How the pods stand before the plan. @throws REGISTRY_UNUSABLE where nobody answers, the service is unknown or a pod
 * may be several instances; INSTANCE_NOT_FOUND where a pod that is ready has none and `missing` says Fail
 */
export async function inspectRegistry(work: RegistryWork): Promise<RegistryFinding> {
  const pods = work.deps.pods
    .all()
    .filter((pod) => !isLeaving(pod))
    .map((pod): LivePod => ({ name: pod.metadata.name, uid: pod.metadata.uid, pod }));
  const found = await answered(work, pods);
  const names = (is: (found: Found, pod: LivePod) => boolean): readonly string[] =>
    pods.filter((pod) => is(found.get(pod.name) ?? { is: 'none' }, pod)).map(({ name }) => name);
  for (const [name, seen] of found) if (seen.is === 'several') throw several(work, name, seen.ids);
  const missing = names((seen, { pod }) => seen.is === 'none' && isReady(pod));
  if (missing.length > 0) {
    await requireService(work, missing.length === pods.length);
    if (work.rules.missing !== 'Skip') throw absent(work, missing);
  }
  const disabled = names(
    (seen, pod) => seen.is === 'there' && seen.stand.takenOut && beforeOf(work, pod) === undefined,
  );
  return { source: work.name, missing, disabled };
}

async function answered(work: RegistryWork, pods: readonly LivePod[]): Promise<ReadonlyMap<string, Found>> {
  for (let tried = 1; ; tried += 1) {
    const found = await lookAt(work, pods);
    const silent = [...found.values()].find((one) => one.is === 'unanswered');
    if (silent === undefined) return found;
    if (tried === tries) throw unusable(work, silent.why);
    await sleep(Math.max(pauseMs, work.closedMs()), undefined, { signal: work.deps.signal });
  }
}

/** Where nobody is found the service may be misspelt: say which ones there are. */
async function requireService(work: RegistryWork, nobody: boolean): Promise<void> {
  const { name, registry } = work;
  const { service } = work.rules;
  if (!nobody || service === undefined || registry.services === undefined) return;
  const there = await registry.services().catch((error: unknown) => {
    throw error instanceof RegistryFailure ? unusable(work, error) : error;
  });
  if (there.some((one) => one.toLowerCase() === service.toLowerCase())) return;
  const like = closest(service, there);
  throw new SluiceError(
    'REGISTRY_UNUSABLE',
    `${name} cannot be used to drain: it has no service ${service}; it has: ${there.slice(0, 20).join(', ') || 'none'}.`,
    { next: like === undefined ? 'Correct `service`.' : `Correct \`service\`; did you mean ${like}?` },
  );
}

const unusable = ({ name }: RegistryWork, { message, next }: SluiceError): SluiceError =>
  new SluiceError('REGISTRY_UNUSABLE', `${name} cannot be used to drain: ${message}`, { next });

const several = ({ name }: RegistryWork, pod: string, ids: readonly string[]): SluiceError =>
  new SluiceError(
    'REGISTRY_UNUSABLE',
    `${name} cannot be used to drain: pod ${pod} may be any of ${ids.length} instances there (${ids.slice(0, 5).join(', ')}).`,
    { next: 'Say which one under `instance`: its port, its metadata or its id.' },
  );

const absent = ({ name }: RegistryWork, pods: readonly string[]): SluiceError =>
  new SluiceError('INSTANCE_NOT_FOUND', `${someOf(pods, 5)}: ready, and without an instance in ${name}.`);
