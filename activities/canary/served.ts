import type { ShiftRequest, UnshiftRequest } from '../../workflows/contract/canary/activities.ts';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { countOf, humanDuration } from '../../workflows/contract/quantity.ts';
import type { EndpointWatches } from '../traffic/endpoints.ts';
import { until } from '../until.ts';

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
