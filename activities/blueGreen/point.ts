import { setTimeout as sleep } from 'node:timers/promises';
import type { Pointed, PointRequest, Side } from '../../workflows/contract/blueGreen/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { marks, workloadName } from '../../workflows/contract/names.ts';
import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import { behind, hasObserved } from '../kubernetes/controllers.ts';
import { requireUnchanged } from '../kubernetes/deployment/drift.ts';
import { findPair, hashOf, type Pair, pairOf } from '../kubernetes/deployment/green/find.ts';
import { lookAgain } from '../kubernetes/deployment/look.ts';
import { services } from '../kubernetes/resources.ts';
import { retryConflicts } from '../kubernetes/retryConflicts.ts';
import { selects } from '../kubernetes/selectors.ts';
import { hashLabel } from '../kubernetes/templates.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { ReplicaSet, Service } from '../kubernetes/wire.ts';
import type { PodsOf } from '../ports.ts';
import type { EndpointWatches } from '../traffic/endpoints.ts';
import { until } from '../until.ts';
import { type Hashes, isHeld, pin, requireOurs, sideOf, stageOf, unmark } from './pin.ts';
import { plannedPodOf, podsOfSide } from './sides.ts';

const patienceMs = 20_000;
const lookAgainMs = 200;

export interface PointDeps {
  readonly kube: Connection;
  readonly signal: AbortSignal;
  readonly pods: PodsOf;
  readonly watches: EndpointWatches;
}

/**
 * Makes the Services send callers to one side of the pair. To a side only when all its pods are ready, as their
 * controller counts them, which shares the watch of pods with that of the endpoints: no Service loses its last endpoint.
 * Then the EndpointSlices must show that side and no other.
 */
export async function point(deps: PointDeps, request: PointRequest): Promise<Pointed> {
  const { to, lenient } = request;
  if (!lenient) await requireUnchanged(deps.kube, request);
  const pair = lenient ? await leftPair(deps.kube, request) : await findPair(deps.kube, request);
  const hashes: Hashes | undefined = pair && {
    blue: hashOf(pair.blue),
    ...(pair.green && { green: hashOf(pair.green) }),
  };
  // Where only who is called already goes on being called, nobody has to be ready for it.
  const changes = to === 'green' || (to === 'blue' && lenient);
  if (changes && pair) await requireReady(deps, request, to);
  const written: string[] = [];
  for (const name of request.services) {
    if (await retryConflicts(() => write(deps.kube, request, name, hashes, pair))) written.push(name);
  }
  await followed(deps, request, written, hashes);
  if (to === 'both' && !request.keep)
    for (const name of written) await retryConflicts(() => close(deps.kube, request, name));
  const other = otherOf(to, hashes);
  return { others: other === undefined ? [] : podsOfSide(deps.pods, other).map(plannedPodOf) };
}

/** The hash of the side that is called no more. */
const otherOf = (to: Side, hashes: Hashes | undefined): string | undefined =>
  hashes && { blue: hashes.green, green: hashes.blue, both: undefined }[to];

/** Of a workload that may be gone, or another's by now. */
async function leftPair(kube: Connection, request: PointRequest): Promise<Pair | undefined> {
  const look = await lookAgain(kube, request);
  return look && pairOf(kube, request, look);
}

/** Whether the Service is as asked now; not where it is gone, or another's. */
async function write(
  kube: Connection,
  request: PointRequest,
  name: string,
  hashes: Hashes | undefined,
  pair: Pair | undefined,
): Promise<boolean> {
  const { to, lenient, force, target } = request;
  const at = { namespace: target.namespace, name };
  const service = lenient ? await kube.find(services, at) : await kube.get(services, at);
  if (!service || (lenient && !isHeld(service, request))) return false;
  const hash = to === 'both' ? null : (hashes?.[to] ?? null);
  if (to !== 'both' && hash === null) return false;
  const side = hashes && sideOf(service, hashes);
  if (lenient) {
    // Somebody else has a ReplicaSet of his own there; our mark goes, his word stays.
    if (side === undefined && hashes !== undefined) return to === 'both';
  } else if (!force && hashes)
    requireOurs(service, request, hashes, { taken: !request.first, shared: request.shared ?? to === 'both' });
  if (pair && to !== 'both') requireSelected(service, to === 'blue' ? pair.blue : pair.green, target);
  const done = isHeld(service, request) && side === to && service.metadata.labels?.[marks.serving] === stageOf(to);
  if (!done) await pin(kube, request, service, to, hash);
  return true;
}

/** By whatever else is in its selector the Service must send callers to that side. @throws WORKLOAD_CHANGED */
function requireSelected(
  { metadata, spec }: Service,
  set: ReplicaSet | undefined,
  target: PointRequest['target'],
): void {
  const { [hashLabel]: _, ...rest } = spec.selector ?? {};
  if (selects({ matchLabels: rest }, set?.spec.template?.metadata?.labels ?? {})) return;
  throw new SluiceError(
    'WORKLOAD_CHANGED',
    `Somebody changed the selector of Service ${metadata.name}: it selects no pod of ${workloadName(target)} any more.`,
  );
}

/** @throws POD_FAILED where the pods of that side are not ready in time */
async function requireReady(
  { kube, signal }: PointDeps,
  request: PointRequest,
  to: Exclude<Side, 'both'>,
): Promise<void> {
  const end = Date.parse(request.since) + request.timeoutMs;
  for (;;) {
    const pair = request.lenient ? await leftPair(kube, request) : await findPair(kube, request);
    if (!pair) return;
    const set = pair[to];
    const wanted = pair.look.deployment.spec.replicas ?? 1;
    const ready = set?.status?.readyReplicas ?? 0;
    if (set && hasObserved(set) && ready > 0 && ready >= wanted) return;
    // On the way back some are better than none of that version.
    const late = Date.now() > end;
    if (late && to === 'blue' && ready > 0) return;
    if (late) {
      throw new SluiceError(
        'POD_FAILED',
        `After ${humanDuration(request.timeoutMs)} ${ready} of ${countOf(wanted, 'pod')} of the ${to === 'green' ? 'new' : 'old'} version are ready: no Service is switched to them.`,
      );
    }
    await sleep(lookAgainMs, undefined, { signal });
  }
}

/** Waits until callers are sent where they shall be, as the EndpointSlices say. @throws CONFLICT while they do not follow */
async function followed(
  { watches, signal, pods }: PointDeps,
  { to, target }: PointRequest,
  names: readonly string[],
  hashes: Hashes | undefined,
): Promise<void> {
  if (names.length === 0) return;
  const other = otherOf(to, hashes);
  const isOther = (uid: string): boolean =>
    other !== undefined &&
    pods.all().some(({ metadata }) => metadata.uid === uid && metadata.labels?.[hashLabel] === other);
  await watches.use(target.namespace, names, async (open) => {
    const late = (): readonly string[] =>
      [...open].flatMap(([name, watch]) => {
        const now = watch.now();
        const old = [...now.marks].some((mark) => mark !== stageOf(to));
        // All pods of that side are ready, and known to be.
        const isEmpty = to === 'green' && now.ready === 0;
        return old || isEmpty || [...now.pods.keys()].some(isOther) ? [name] : [];
      });
    if (await until(() => late().length === 0, patienceMs, signal, [pods, ...open.values()])) return;
    throw behind(`the EndpointSlices do not follow the Service: ${late().join(', ')}`, patienceMs);
  });
}

async function close(kube: Connection, request: PointRequest, name: string): Promise<void> {
  const service = await kube.find(services, { namespace: request.target.namespace, name });
  if (service && isHeld(service, request)) await unmark(kube, request, service);
}
