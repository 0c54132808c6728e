import type { Client } from '@temporalio/client';
import { type Target, trafficId, workflowTypes, workloadName } from '../../workflows/contract/names.ts';
import type { TrafficSource } from '../../workflows/contract/spec.ts';
import { isOver } from '../../workflows/contract/status.ts';
import type { Standing, TrafficLook } from '../../workflows/contract/trafficLook.ts';
import type { TrafficInput } from '../../workflows/contract/workflows.ts';
import { lastRelease } from './lastRelease.ts';
import { lookAt, lookNonce } from './look.ts';
import { type LiveStatus, readStatus } from './status.ts';
import { undefinedIfUnknown } from './unknownRelease.ts';

export interface TrafficOptions {
  /** Default: as the last release. Every Service that selects the pods is looked at besides. */
  readonly through?: readonly TrafficSource[];
  readonly signal?: AbortSignal;
}

/** Who of a workload is in traffic, who runs something there, and what is not as it should be. */
export interface TrafficView extends TrafficLook {
  /** The release, scale or drain that runs: who is `taken` is its business. */
  readonly running?: Pick<LiveStatus, 'run' | 'app' | 'version' | 'initiator' | 'startedAt' | 'drain' | 'text'>;
  readonly findings: readonly TrafficFinding[];
}

/** A pod that callers do not find although they should, or might not. */
export interface TrafficFinding {
  readonly pod: string;
  readonly source: string;
  /** `left`: by a release or drain that runs no more; the others as in {@link Standing}. */
  readonly is: 'left' | 'disabled' | 'off' | 'absent' | 'unknown';
  readonly text: string;
}

/** @throws WORKLOAD_NOT_FOUND, WORKER_ABSENT, CLUSTER_UNKNOWN, TEMPORAL_* */
export async function readTraffic(
  client: Client,
  target: Target,
  { through, signal }: TrafficOptions = {},
): Promise<TrafficView> {
  const input: TrafficInput = { target, through: through ?? (await lastThrough(client, target)) };
  const seen = await lookAt<TrafficLook>(
    client,
    target,
    {
      type: workflowTypes.traffic,
      id: trafficId(target, lookNonce()),
      input,
      summary: `Traffic of ${workloadName(target)} in ${target.namespace} of ${target.cluster}; touches nothing`,
      hopeless: 'Nobody can say who is in traffic',
    },
    signal,
  );
  const latest = await readStatus(client, target).catch(() => undefined);
  const running = latest === undefined || isOver(latest.phase) ? undefined : latest;
  return {
    ...seen,
    ...(running && { running: runningOf(running) }),
    findings: findingsIn(seen, running !== undefined),
  };
}

async function lastThrough(client: Client, target: Target): Promise<readonly TrafficSource[]> {
  const last = await lastRelease(client, target).catch(undefinedIfUnknown);
  const spec = last?.spec as { readonly traffic?: { readonly through?: readonly TrafficSource[] } } | undefined;
  return spec?.traffic?.through ?? [];
}

const runningOf = ({ run, app, version, initiator, startedAt, drain, text }: LiveStatus) => ({
  run,
  app,
  version,
  initiator,
  startedAt,
  ...(drain === true && { drain }),
  text,
});

/** What is not as it should be. `runs`: whoever has taken pods out will put them back. Pure. */
export function findingsIn({ sources, pods }: TrafficLook, runs: boolean): readonly TrafficFinding[] {
  return pods.flatMap(({ name, ready, stands }) =>
    stands.flatMap((stand, at): TrafficFinding[] => {
      const is = findingOf(stand, ready, runs);
      return is === undefined ? [] : [{ pod: name, source: sources[at] ?? '', is, text: textOf(stand, is) }];
    }),
  );
}

function findingOf({ is, text }: Standing, ready: boolean, runs: boolean): TrafficFinding['is'] | undefined {
  // One that warms up, and nobody goes on with it.
  if (is === 'in' && text !== undefined && !runs) return 'left';
  if (is === 'in' || is === 'notReady') return undefined;
  if (is === 'taken') return runs ? undefined : 'left';
  // Who is not ready has not registered, or says so itself.
  return ready || is === 'disabled' ? is : undefined;
}

function textOf({ is: stands, text }: Standing, is: TrafficFinding['is']): string {
  const more = text === undefined ? '' : `: ${text}`;
  switch (is) {
    case 'left':
      return `left ${stands === 'in' ? `at ${text}` : 'out'} by a release or drain that runs no more`;
    case 'disabled':
      return `taken out by somebody else${more}`;
    case 'off':
      return `ready, and gets no callers by a state of its own${more}`;
    case 'absent':
      return `ready, and not there${more}`;
    case 'unknown':
      return `nobody can tell${more}`;
  }
}
