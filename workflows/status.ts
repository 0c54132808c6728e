import { blueGreenText } from './blueGreen/text.ts';
import { canaryText } from './canary/text.ts';
import { versionBefore } from './contract/changeText.ts';
import type { Target } from './contract/names.ts';
import { goesBackFirst } from './contract/planner/supersede.ts';
import { countOf } from './contract/quantity.ts';
import type { BatchStatus, Failure, Operator, ReleaseStatus, Waiting } from './contract/status.ts';
import { drainText } from './drain/text.ts';
import { podLog } from './passages.ts';
import { scaleText } from './scale/text.ts';
import { isUndecided, type OpenGate, type ReleaseState, type Superseding } from './state.ts';

export interface Identity {
  readonly id: string;
  /** Names the release; in its first run, that one. */
  readonly run: string;
  /** What marks.release says of it: the same in all releases of which each took the place of the one before. */
  readonly holder: string;
  readonly initiator: string;
  /** Known before the plan, from the workflow id. */
  readonly target: Target;
}

/** What everyone reads, made from what the release knows. */
export function statusOf(state: ReleaseState, { id, run, initiator, target }: Identity): ReleaseStatus {
  const { plan, paused, failure, endedAt, supersedes, superseding, operator } = state;
  const pods = state.batches.flatMap((batch) => batch.pods);
  const waiting = waitingOf(state);
  return {
    id,
    run,
    initiator,
    target,
    app: plan?.app ?? target.name,
    version: plan?.change.version ?? '',
    fromVersion: plan?.change.fromVersion ?? '',
    ...(plan?.change.restart === true && { restart: true }),
    ...(plan?.change.reload !== undefined && { reload: true }),
    ...(plan?.scale !== undefined && { scale: { from: plan.scale.from, to: plan.scale.to } }),
    ...(plan?.drain !== undefined && { drain: true as const }),
    ...(supersedes === undefined
      ? {}
      : { supersedes: { run: supersedes.run, version: supersedes.version, text: supersedes.text } }),
    ...(superseding === undefined ? {} : { supersededBy: { version: superseding.version, by: superseding.said.by } }),
    startedAt: state.startedAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    phase: state.phase,
    text: textOf(state),
    ...(paused === undefined ? {} : { paused }),
    ...(operator === undefined ? {} : { operator }),
    ...(waiting === undefined ? {} : { waiting }),
    batches: state.batches.map(batchStatus),
    progress: {
      total: pods.length,
      done: pods.filter(({ state: is }) => is === 'done' || is === 'out').length,
      failed: pods.filter((pod) => pod.state === 'failed').length,
    },
    log: state.log,
    refused: state.refused,
    ...(failure === undefined ? {} : { failure }),
    notUndone: state.notUndone,
    ...(plan === undefined ? {} : { plan }),
  };
}

function batchStatus({ name, state, workflow, pods }: ReleaseState['batches'][number]): BatchStatus {
  return {
    name,
    state,
    ...(workflow === undefined ? {} : { workflow }),
    pods: pods.map(({ name: pod, uid, node, state: podState, reason, passed }) => ({
      name: pod,
      uid,
      node,
      state: podState,
      ...(reason === undefined ? {} : { reason }),
      ...(passed === undefined ? {} : { log: podLog(passed) }),
    })),
  };
}

function waitingOf({ paused, held, gate, rollback, superseding, operator }: ReleaseState): Waiting | undefined {
  if (rollback !== undefined || superseding !== undefined) return undefined;
  if (operator !== undefined)
    return operator.since === undefined ? undefined : { for: 'operator', since: operator.since };
  if (held !== undefined) {
    const asks = isUndecided({ held }) && gate !== undefined;
    return { for: 'hold', since: held.since, ...(asks && { gate: gate.id }) };
  }
  if (paused !== undefined)
    return { for: 'resume', since: paused.at, ...(gate === undefined ? {} : { gate: gate.id }) };
  if (gate === undefined) return undefined;
  const approvals = gate.needs && { have: gate.approvals, required: gate.needs.required, from: gate.needs.from };
  const common = { gate: gate.id, since: gate.since, ...(approvals === undefined ? {} : { approvals }) };
  if (lacksApprovals(gate)) return { for: 'approval', ...common };
  return { for: 'bake', until: gate.bakedAt, ...common, ...(gate.early && { early: true }) };
}

export const lacksApprovals = ({ needs, approvals }: OpenGate): boolean =>
  needs !== undefined && approvals.length < needs.required;

function textOf(state: ReleaseState): string {
  const { phase, plan, index, paused, held, gate, failure } = state;
  const current = state.batches[index]?.name ?? '';
  const scaled = plan?.scale && scaleText(state, plan.scale, causeOf(state));
  if (scaled !== undefined) return scaled;
  const drained = plan?.drain && drainText(state, plan.drain, causeOf(state));
  if (drained !== undefined) return drained;
  if (state.superseding !== undefined && (state.rollback === undefined || phase === 'superseded'))
    return supersededText(state, state.superseding);
  if (state.operator !== undefined && state.rollback === undefined) return operatorText(state.operator);
  const switched = plan?.blueGreen && blueGreenText(state, plan.blueGreen, causeOf(state));
  if (switched !== undefined) return switched;
  const split = plan?.canary && canaryText(state, plan.canary, causeOf(state));
  if (split !== undefined) return split;
  switch (phase) {
    case 'planning':
      return 'Looking at the cluster and making the plan; nothing is touched yet.';
    case 'pulling':
      return `Pulling ${plan?.change.version ?? 'the new version'} before anything is touched: ${state.pulled?.nodes ?? 0} of ${countOf(state.pulled?.of ?? 0, 'node')} ${state.pulled?.nodes === 1 ? 'has' : 'have'} it.`;
    case 'acquiring':
      return 'Taking hold of the workload and preparing its way out of traffic.';
    case 'batch':
      if (current === '') return 'Looking for pods that were born meanwhile.';
      return paused ? `Paused in ${current} by ${paused.by}; pods in flight finish.` : `Upgrading ${current}.`;
    case 'gate':
      return gate === undefined ? 'Looking whether the workload is as expected.' : gateText(gate, paused?.by);
    case 'held':
      return heldText(held?.failure, state.regains);
    case 'manual':
      return 'Taking the workload back.';
    case 'committing':
      if (plan?.change.reload !== undefined) return 'Giving the workload back; its template stays as it is.';
      return plan?.change.restart === true
        ? 'Making the new spelling the workload’s own template.'
        : 'Making the new version the workload’s own template.';
    case 'rollingBack':
      return `Rolling back${causeOf(state)}`;
    case 'succeeded':
      return succeededText(state);
    case 'handedOver':
      return `Ended before all pods ${plan?.change.restart === true ? 'were restarted' : `ran ${plan?.change.version ?? 'the new version'}`}: what somebody else made of the workload stays, and its own controller rolls it out.`;
    case 'superseded':
      return 'A newer version took its place.';
    case 'rolledBack':
      return plan?.change.restart === true
        ? `The restart of ${plan.change.version} was rolled back${causeOf(state)}`
        : `Rolled back to ${plan?.change.fromVersion || 'the old version'}${causeOf(state)}`;
    case 'failed':
      return failure?.text ?? 'Failed.';
  }
}

function supersededText({ phase, plan, batches }: ReleaseState, { version, said }: Superseding): string {
  if (phase !== 'superseded') {
    const first =
      plan !== undefined && goesBackFirst(plan)
        ? `everyone goes back to ${versionBefore(plan.change)} first`
        : 'what is in hand is finished first';
    return `Goes on to ${version} for ${said.by}; ${first}.`;
  }
  if (plan !== undefined && goesBackFirst(plan))
    return `Superseded by ${version} for ${said.by}: everyone is back on ${versionBefore(plan.change)}.`;
  const pods = batches.flatMap((batch) => batch.pods).filter(({ state }) => state !== 'gone');
  const done = pods.filter(({ state }) => state === 'done').length;
  return `Superseded by ${version} for ${said.by}: ${done} of ${countOf(pods.length, 'pod')} had ${plan?.change.version ?? 'its version'} by then.`;
}

function operatorText({ by, since, reason }: Operator): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return since === undefined
    ? `Handing over to ${by}${why}; what is in flight is finished first.`
    : `In the hands of ${by} since ${since}${why}: nothing is held, nothing is touched, until it is taken back.`;
}

function heldText(failure: Failure | undefined, regains = false): string {
  if (regains && failure?.code === 'WORKLOAD_CHANGED') {
    return `Held: ${failure.text} Take over plans anew from what is there and goes on; adopt keeps it and ends the release; resume looks again.`;
  }
  const why = (failure?.text ?? '').replace(/([^.!?])$/, '$1.');
  const how = (failure && waysOut[failure.code]) ?? 'Resume tries again, rollback undoes.';
  return `Held: ${why} ${how}`;
}

const waysOut: Readonly<Partial<Record<Failure['code'], string>>> = {
  WORKLOAD_CHANGED:
    'Take over undoes that change and goes on; adopt keeps it and ends the release; rollback brings the pods back; resume looks again.',
  CHECK_UNDECIDED: 'Resume asks again, approve goes on without it, rollback undoes.',
};

function succeededText({ plan, batches }: ReleaseState): string {
  const { version = 'the new version', restart } = plan?.change ?? {};
  const pods = batches.flatMap((batch) => batch.pods).filter(({ state }) => state !== 'gone');
  const failed = pods.filter(({ state }) => state === 'failed').length;
  if (failed === 0) return restart === true ? `Every pod of ${version} was restarted.` : `Every pod runs ${version}.`;
  return `${pods.length - failed} of ${pods.length} pods run ${version}; ${failed} failed, which strategy.failureThreshold allows.`;
}

/** Why it rolled back: what failed, or who asked for it and why. */
function causeOf({ failure, rollback }: ReleaseState): string {
  if (failure !== undefined) return `: ${failure.text}`;
  if (rollback === undefined) return '.';
  return ` for ${rollback.by}${rollback.reason ? `: ${rollback.reason}` : '.'}`;
}

function gateText(gate: OpenGate, pausedBy: string | undefined): string {
  if (pausedBy !== undefined) return `Paused at ${gate.id} by ${pausedBy}.`;
  if (lacksApprovals(gate)) {
    const needs = gate.needs;
    const from = needs !== undefined && needs.from.length > 0 ? ` from ${needs.from.join(', ')}` : '';
    const late = gate.expired ? ' The time to approve is over; it goes on waiting.' : '';
    return `Waits at ${gate.id} for approval${from}: ${gate.approvals.length} of ${needs?.required ?? 1}.${late}`;
  }
  return `Bakes at ${gate.id} until ${gate.bakedAt}.`;
}
