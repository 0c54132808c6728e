import { setTimeout as sleep } from 'node:timers/promises';
import type { HandfulPod, HandfulRequest } from '../workflows/contract/activities/handful.ts';
import type { ClusterActivities } from '../workflows/contract/activities.ts';
import { gateChecks } from '../workflows/contract/checks.ts';
import { activity, type Call } from './call.ts';
import { handfulOf, type Outcome } from './handful.ts';
import { hasImages, isLeaving } from './kubernetes/podState.ts';
import type { Pod } from './kubernetes/wire.ts';
import type { WorkloadPods } from './podsOf.ts';
import type { Check, LivePod } from './ports.ts';
import { runsVersion } from './reload/record.ts';
import { type Shared, scopeOf } from './scope.ts';
import { keptOut } from './stages.ts';

/** How long a check may stay unsure (no data yet, a server that does not answer) before it is undecided. */
const unsureMs = 60_000;
const askAgainMs = 1_000;

/** Runs the checks of a handful; asks again while one is unsure. In a rollback nothing is checked. */
export function checkActivity(shared: Shared): ClusterActivities['check'] {
  return activity(async (request, call) => {
    const scope = scopeOf(shared, request, call);
    if (request.undo) return handfulOf(request.pods.map(({ name }) => [name, 'done']));
    const checks = request.checks.map((check) =>
      shared.factories.createCheck(check, { kube: scope.kube, signal: call.signal }),
    );
    return scope.withPods(async (pods) => {
      const { live, gone } = withStandIn(request, pods);
      const asked = live.map((pod) => ({ ...pod, since: call.here(pod.since) }));
      const look = () => untilDecided(checks, asked, call);
      // A gate looks at pods that are in traffic.
      const isOfGate = gateChecks(request.checks).length > 0;
      const decided = await (isOfGate ? look() : keptOut({ request, call, scope, pods, live: asked }, look));
      return handfulOf([...gone.map((name) => [name, 'gone'] as const), ...decided]);
    });
  });
}

/** Asks again while a check is unsure about a pod. */
async function untilDecided(
  checks: readonly Check[],
  pods: readonly (HandfulPod & LivePod)[],
  call: Call,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  for (let open = pods; open.length > 0; ) {
    const round = await runAll(checks, open);
    open = open.filter(({ name, since }) => {
      const outcome = round.get(name) ?? 'done';
      const undecided = typeof outcome === 'object' && 'unsure' in outcome;
      if (undecided && Date.now() < Date.parse(since) + unsureMs) return true;
      outcomes.set(name, undecided ? { code: outcome.code, reason: `undecided: ${outcome.unsure}` } : outcome);
      return false;
    });
    call.progress({ checked: outcomes.size });
    if (open.length > 0) await pause(call);
  }
  return outcomes;
}

type Round =
  | 'done'
  | { readonly code: 'CHECK_FAILED'; readonly reason: string }
  | { readonly code: Check['undecided']; readonly unsure: string };

/** One run of each check on each pod that has not failed one before: one that fails says more than one that is unsure. */
async function runAll(checks: readonly Check[], pods: readonly LivePod[]): Promise<ReadonlyMap<string, Round>> {
  const rounds = new Map<string, Round>(pods.map(({ name }) => [name, 'done']));
  for (const check of checks) {
    const asked = pods.filter(({ name }) => !hasFailed(rounds.get(name)));
    if (asked.length === 0) break;
    for (const [name, { result, reason }] of await check.run(asked)) {
      const said = `${check.key}: ${reason}`;
      if (result === 'fail') rounds.set(name, { code: 'CHECK_FAILED', reason: said });
      // The first that is unsure is told, unless another would fail by it.
      const isFirst = rounds.get(name) === 'done' || check.undecided === 'CHECK_FAILED';
      if (result === 'unsure' && isFirst) rounds.set(name, { code: check.undecided, unsure: said });
    }
  }
  return rounds;
}

const hasFailed = (round: Round | undefined): boolean => typeof round === 'object' && 'reason' in round;

const isNew = (pod: Pod, { images, reload }: HandfulRequest): boolean =>
  reload === undefined ? hasImages(pod, images) : runsVersion(pod, reload);

/**
 * The checks of a gate look at the whole workload, but are asked about one pod. Where that one is gone meanwhile,
 * another of the new version stands in: a gate must not open unverified because of a pod that died.
 */
function withStandIn(request: HandfulRequest, pods: WorkloadPods) {
  const { live, gone } = pods.split(request.pods);
  const [absent] = request.pods;
  if (live.length > 0 || !absent || gateChecks(request.checks).length === 0) return { live, gone };
  const other = pods.all().find((pod) => !isLeaving(pod) && isNew(pod, request));
  return other
    ? { live: [{ ...absent, pod: other }], gone: gone.filter((name) => name !== absent.name) }
    : { live, gone };
}

async function pause({ signal }: Call): Promise<void> {
  await sleep(askAgainMs, undefined, { signal }).catch(() => undefined);
  signal.throwIfAborted();
}
