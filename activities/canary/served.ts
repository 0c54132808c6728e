import { setTimeout as sleep } from 'node:timers/promises';
import type { ShiftRequest, UnshiftRequest } from '../../workflows/contract/canary/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import { behind } from '../kubernetes/controllers.ts';
import type { Connection } from '../kubernetes/types.ts';
import type { EndpointWatches } from '../traffic/endpoints.ts';
import { until } from '../until.ts';
import type { Router, Sides } from './router.ts';

const lookAgainMs = 500;
/** So long EndpointSlices may outlive their Service before that is told; it is tried again by itself. */
const outliveMs = 5_000;

/**
 * Waits until a Service has so many ready endpoints, as its EndpointSlices show: nobody is sent to one that has none.
 * @throws POD_FAILED when it has not in time
 */
export async function awaitServed(
  watches: EndpointWatches,
  { target: { namespace }, since, timeoutMs }: ShiftRequest | UnshiftRequest,
  service: string,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  await watches.use(namespace, [service], async (open) => {
    const ready = (): number => [...open.values()].reduce((sum, watch) => sum + watch.now().ready, 0);
    const leftMs = Math.max(0, Date.parse(since) + timeoutMs - Date.now());
    if (await until(() => ready() >= count, leftMs, signal, [...open.values()])) return;
    throw new SluiceError(
      'POD_FAILED',
      `After ${humanDuration(timeoutMs)} Service ${service} has ${ready()} of ${countOf(count, 'ready endpoint')}: nobody is sent there.`,
    );
  });
}

/**
 * Waits until no EndpointSlice is left of a Service that is gone: another one of its name has nobody to send to by them.
 * @throws CONFLICT while there are any
 */
export async function awaitUnserved(
  watches: EndpointWatches,
  namespace: string,
  service: string,
  signal: AbortSignal,
): Promise<void> {
  await watches.use(namespace, [service], async (open) => {
    const left = (): boolean => [...open.values()].some((watch) => watch.now().pods.size > 0);
    if (await until(() => !left(), outliveMs, signal, [...open.values()])) return;
    throw behind(`there are EndpointSlices of Service ${service}, which is gone`, outliveMs);
  });
}

/**
 * Waits until callers are split as the route says, as far as whoever follows it reports that.
 * @throws ROUTE_NOT_HEEDED when it is not so in time
 */
export async function awaitHeeded(
  kube: Connection,
  router: Router,
  sides: Sides,
  { route, since, timeoutMs }: UnshiftRequest,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = Date.parse(since) + timeoutMs;
  for (;;) {
    const lag = await router.lag(kube, sides);
    if (lag === undefined) return;
    if (Date.now() >= deadlineMs) {
      throw new SluiceError(
        'ROUTE_NOT_HEEDED',
        `After ${humanDuration(timeoutMs)} ${route.kind} ${route.name} is not in force: ${lag}.`,
      );
    }
    await sleep(lookAgainMs, undefined, { signal });
  }
}
