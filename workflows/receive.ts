import { changePlan, skipTo } from './changePlan.ts';
import { isBeside } from './contract/blueGreen/plan.ts';
import { versionBefore } from './contract/changeText.ts';
import type { ErrorCode } from './contract/errors.ts';
import {
  type GateMessage,
  type MessageName,
  messageNames,
  type PlainMessage,
  type SkipMessage,
  type SupersedeMessage,
} from './contract/messages.ts';
import { readPlanChange } from './contract/planChange.ts';
import type { Said } from './contract/status.ts';
import { handOverRefusal, lentRefusal } from './operator/refusal.ts';
import {
  type Changed,
  endOf,
  isUndecided,
  logged,
  type OpenGate,
  type ReleaseState,
  withDecision,
  without,
} from './state.ts';
import { supersedeRefusal } from './supersede/refusal.ts';

/** What a message does: a new state and an answer, or a refusal that leaves the state as it is. */
export type Received =
  | { readonly accepted: true; readonly state: ReleaseState; readonly text: string }
  | { readonly accepted: false; readonly code: ErrorCode; readonly text: string; readonly next?: string };

const refuse = (code: ErrorCode, text: string): Received => ({ accepted: false, code, text });
const accept = (state: ReleaseState, said: Said, text: string): Received => ({
  accepted: true,
  text,
  state: logged(state, {
    at: said.at,
    by: said.by,
    text: said.reason === undefined ? text : `${text} (${said.reason})`,
  }),
});

/**
 * The state machine of a release: every phase answers every message. Pure.
 * @param run first run id of the release, which a message may name
 * @param at now, ISO 8601
 */
export function receive(state: ReleaseState, run: string, name: MessageName, message: unknown, at: string): Received {
  const problem = problemOf(name, message);
  if (problem !== undefined) return refuse('MESSAGE_INVALID', problem);
  const valid = message as GateMessage;
  // Whoever asks to go back from what was superseded means the version before both.
  const meant = name === 'rollback' ? [run, state.supersedes?.run] : [run];
  if (valid.run !== undefined && !meant.includes(valid.run)) {
    return refuse('RELEASE_NOT_FOUND', `It was meant for release run ${valid.run}; this one is ${run}.`);
  }
  const end = endOf(state);
  if (end !== undefined) return refuse('RELEASE_OVER', `The release ended: ${end}.`);
  const said = saidBy(valid, at);
  if (name === 'supersede') {
    // Accepted is that it is looked at: nothing changes before its plan is made, see supersede/admit.ts.
    const refusal = supersedeRefusal(state);
    return refusal === undefined ? { accepted: true, state, text: '' } : { accepted: false, ...refusal };
  }
  if (state.superseding !== undefined && name !== 'rollback') {
    return refuse(
      'REFUSED',
      `It goes on to ${state.superseding.version} for ${state.superseding.said.by}: say it again when that has begun, if it still holds.`,
    );
  }
  const lent = stillHeard.has(name) ? undefined : lentRefusal(state);
  if (lent !== undefined) return { accepted: false, ...lent };
  const received = answer(state, said, name, valid as AnyMessage);
  // Approvals are kept with their gates.
  if (!received.accepted || name === 'approve') return received;
  return { ...received, state: withDecision(received.state, { message: name, ...said }) };
}

/** What an operator says who has the workload in hand, and what wins over everything. */
const stillHeard: ReadonlySet<MessageName> = new Set(['rollback', 'takeBack', 'adopt', 'handOver']);

type AnyMessage = GateMessage & SkipMessage;

function answer(
  state: ReleaseState,
  said: Said,
  name: Exclude<MessageName, 'supersede'>,
  message: AnyMessage,
): Received {
  const { gate, batch } = message;
  switch (name) {
    case 'approve':
      return approve(state, said, gate);
    case 'reject':
      return reject(state, said, gate);
    case 'pause':
      return pause(state, said);
    case 'resume':
      return resume(state, said);
    case 'rollback':
      return rollback(state, said);
    case 'changePlan': {
      const change = readPlanChange(message);
      if (typeof change === 'string') return refuse('MESSAGE_INVALID', change);
      return changed(said, changePlan(state, said.by, change));
    }
    case 'skipTo':
      return changed(said, skipTo(state, said.by, batch));
    case 'takeOver':
      return decideDrift(
        state,
        said,
        'takeOver',
        state.regains === true
          ? 'Taking over: the release is planned anew from what is there now.'
          : 'Taking over: the change of the workload is undone.',
      );
    case 'adopt':
      return adopt(state, said);
    case 'handOver':
      return handOver(state, said);
    case 'takeBack':
      return takeBack(state, said);
  }
}

function handOver(state: ReleaseState, said: Said): Received {
  if (state.operator !== undefined) {
    const { by, since } = state.operator;
    return refuse(
      'ALREADY_DECIDED',
      since === undefined ? `It is being handed over to ${by}.` : `${by} has it in hand.`,
    );
  }
  const refusal = handOverRefusal(state);
  if (refusal !== undefined) return { accepted: false, ...refusal };
  const going = without(without(state, 'paused'), 'held');
  const { plan } = state;
  const first =
    plan !== undefined && isBeside(plan)
      ? `everyone goes back to ${versionBefore(plan.change)}`
      : 'pods in flight are finished';
  return accept(
    { ...going, operator: said },
    said,
    `Handing over to ${said.by}: ${first}, then every hold is given up.`,
  );
}

function takeBack(state: ReleaseState, said: Said): Received {
  if (state.rollback !== undefined) return refuse('REFUSED', 'It is rolling back.');
  if (state.operator === undefined) return refuse('REFUSED', 'It is in nobody’s hands: there is nothing to take back.');
  if (state.operator.since === undefined) {
    return refuse('REFUSED', `It is still being handed over to ${state.operator.by}: say it again when it is.`);
  }
  return accept(without(state, 'operator'), said, 'Taken back: it looks what is there, and goes on from that.');
}

/** Over a change by somebody else, or by the operator who has the workload in hand. */
function adopt(state: ReleaseState, said: Said): Received {
  const text = 'Adopting the change of the workload: the release ends here.';
  if (state.operator?.since === undefined || state.rollback !== undefined) {
    return decideDrift(state, said, 'adopt', text);
  }
  return accept({ ...without(state, 'operator'), drift: 'adopt' }, said, text);
}

const changed = (said: Said, to: Changed): Received =>
  'code' in to ? refuse(to.code, to.text) : accept(to.state, said, to.text);

function approve(state: ReleaseState, said: Said, gateId: string): Received {
  const refusal = gateRefusal(state, said, gateId);
  if (refusal !== undefined) return refusal;
  const gate = state.gate;
  const needs = gate?.needs;
  if (gate !== undefined && isUndecided(state)) return goOnUnchecked(state, said, gate);
  if (gate?.early === true && needs === undefined) {
    if (gate.approvals.length > 0)
      return refuse('ALREADY_DECIDED', `${gate.approvals[0]?.by} has ended ${gateId} already.`);
    return accept({ ...state, gate: { ...gate, approvals: [said] } }, said, `Approved ${gateId}: it ends now.`);
  }
  if (gate === undefined || needs === undefined)
    return refuse('REFUSED', `Gate ${gateId} needs no approval; it opens by itself.`);
  if (gate.approvals.some(({ by }) => by === said.by))
    return refuse('ALREADY_DECIDED', `${said.by} has approved ${gateId} already.`);
  if (gate.approvals.length >= needs.required) return refuse('ALREADY_DECIDED', `${gateId} has all its approvals.`);
  const approvals = [...gate.approvals, said];
  return accept(
    { ...state, gate: { ...gate, approvals } },
    said,
    `Approved ${gateId} (${approvals.length} of ${needs.required}).`,
  );
}

/** Whoever may decide on the gate decides for its checks, too; of the approvals that it needs this is one. */
function goOnUnchecked(state: ReleaseState, said: Said, gate: OpenGate): Received {
  const approvals = [...gate.approvals.filter(({ by }) => by !== said.by), said];
  return accept(
    { ...without(state, 'held'), gate: { ...gate, approvals, unchecked: true } },
    said,
    `Approved ${gate.id}: it goes on without its checks.`,
  );
}

function reject(state: ReleaseState, said: Said, gateId: string): Received {
  const refusal = gateRefusal(state, said, gateId);
  if (refusal !== undefined) return refusal;
  return accept({ ...state, rollback: said }, said, `Rejected at ${gateId}: rolling back.`);
}

function pause(state: ReleaseState, said: Said): Received {
  if (state.paused !== undefined) return refuse('ALREADY_DECIDED', `${state.paused.by} has paused it already.`);
  if (state.rollback !== undefined || state.phase === 'rollingBack') {
    return refuse('REFUSED', 'It is rolling back; a rollback is not paused, so that no pod stays half-way.');
  }
  if (state.phase === 'committing') {
    return refuse(
      'REFUSED',
      'All pods are upgraded and the commit is running; it takes a moment. Rollback is still possible.',
    );
  }
  return accept({ ...state, paused: said }, said, 'Paused: nothing further is started; pods in flight finish.');
}

function resume(state: ReleaseState, said: Said): Received {
  if (state.rollback !== undefined) return refuse('REFUSED', 'It is rolling back.');
  if (state.paused === undefined && state.held === undefined)
    return refuse('REFUSED', 'It is neither paused nor held.');
  const going = without(without(state, 'paused'), 'held');
  const again = isUndecided(state) ? 'the checks are asked again' : 'the failed batch is tried again';
  return accept(going, said, state.held === undefined ? 'Resumed.' : `Resumed: ${again}.`);
}

function decideDrift(
  state: ReleaseState,
  said: Said,
  drift: NonNullable<ReleaseState['drift']>,
  text: string,
): Received {
  if (state.rollback !== undefined) return refuse('REFUSED', 'It is rolling back.');
  if (state.drift !== undefined) return refuse('ALREADY_DECIDED', 'That is decided already.');
  if (state.held?.failure.code !== 'WORKLOAD_CHANGED') {
    return refuse('REFUSED', 'Nobody is known to have changed the workload: it is not held for that.');
  }
  return accept({ ...without(without(state, 'paused'), 'held'), drift }, said, text);
}

function rollback(state: ReleaseState, said: Said): Received {
  if (state.rollback !== undefined || state.phase === 'rollingBack') {
    return refuse(
      'ALREADY_DECIDED',
      `It is rolling back already${state.rollback ? `, for ${state.rollback.by}` : ''}.`,
    );
  }
  if (state.final) {
    return refuse('RELEASE_OVER', 'The workload is just being given back: it is too late to undo this release.');
  }
  return accept({ ...without(state, 'paused'), rollback: said }, said, 'Rolling back.');
}

/** Why nobody may decide on `gateId` now, or this person may not. */
function gateRefusal(state: ReleaseState, said: Said, gateId: string): Received | undefined {
  if (state.rollback !== undefined) return refuse('REFUSED', 'It is rolling back.');
  if (state.gate?.id !== gateId) {
    const open = state.gate === undefined ? 'no gate is open' : `the open gate is ${state.gate.id}`;
    return refuse('GATE_PASSED', `${gateId} is not open: ${open}.`);
  }
  const from = state.gate.needs?.from ?? [];
  if (from.length > 0 && !from.includes(said.by)) {
    return refuse('NOT_ALLOWED', `${said.by} may not decide on ${gateId}; its approvers are ${from.join(', ')}.`);
  }
  return undefined;
}

/** What is wrong with the form of a message; undefined if nothing is. */
export function problemOf(name: string, message: unknown): string | undefined {
  if (!messageNames.some((known) => known === name))
    return `Unknown message ${name}; there are ${messageNames.join(', ')}.`;
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return `Found ${message === null ? 'null' : Array.isArray(message) ? 'a list' : typeof message}; needs an object such as {"by": "anna"}.`;
  }
  const fields = message as Partial<Record<keyof AnyMessage, unknown>>;
  if (typeof fields.by !== 'string' || fields.by.trim() === '') return 'Needs "by": who says it.';
  for (const key of ['reason', 'run'] as const) {
    if (fields[key] !== undefined && typeof fields[key] !== 'string') return `"${key}" must be text.`;
  }
  if (fields.verified !== undefined && typeof fields.verified !== 'boolean') return '"verified" must be true or false.';
  if ((name === 'approve' || name === 'reject') && (typeof fields.gate !== 'string' || fields.gate === '')) {
    return 'Needs "gate": which gate is decided, such as "after-gray"; the status names the open one.';
  }
  if (name === 'supersede') {
    const { spec, dryRun, paused } = message as Partial<Record<keyof SupersedeMessage, unknown>>;
    if (typeof spec !== 'object' || spec === null) return 'Needs "spec": the release spec of the newer version.';
    for (const [key, value] of Object.entries({ dryRun, paused })) {
      if (value !== undefined && typeof value !== 'boolean') return `"${key}" must be true or false.`;
    }
  }
  if (name === 'skipTo' && (typeof fields.batch !== 'string' || fields.batch === '')) {
    return 'Needs "batch": the one to go to, such as "batch-3".';
  }
  return undefined;
}

export function saidBy({ by, verified, reason }: PlainMessage, at: string): Said {
  return { by, verified: verified === true, at, ...(reason === undefined ? {} : { reason: reason.slice(0, 500) }) };
}
