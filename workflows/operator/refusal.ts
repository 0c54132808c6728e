import type { Refusal } from '../refusal.ts';
import type { ReleaseState } from '../state.ts';

/** Why a workload cannot be handed over now, and what to do instead; undefined where it can. Pure. */
export function handOverRefusal(state: ReleaseState): Refusal | undefined {
  const { rollback, phase, plan, steps, final, held, drift } = state;
  const refused = (text: string, next: string): Refusal => ({ code: 'REFUSED', text, next });
  if (rollback !== undefined || phase === 'rollingBack') {
    return refused('It is rolling back, and a rollback is not stopped half-way.', 'Wait for its end.');
  }
  if (plan === undefined) {
    return refused('There is no plan yet, and nothing is held.', 'Say it again in a moment, or `sluice pause`.');
  }
  if (plan.scale !== undefined || plan.drain !== undefined) {
    return refused(
      `A ${plan.scale === undefined ? 'drain' : 'scale'} leaves the pods what they run: there is nothing to mend by hand in its middle.`,
      'Pause it, or take it back with `sluice rollback`.',
    );
  }
  if (steps.includes('switch')) {
    return refused(
      'Callers were switched to the new pods, and are kept to them: whatever its own controller made meanwhile would have no caller.',
      'Let it end (`sluice approve` ends the time that the old version stays), or `sluice rollback`.',
    );
  }
  if (phase === 'committing' || final === true || steps.includes('commit')) {
    return refused('All its pods are upgraded, and the commit has begun.', 'Wait for its end; it takes a moment.');
  }
  if (held?.failure.code === 'WORKLOAD_CHANGED' || drift !== undefined) {
    return refused(
      'Somebody else changed the workload, and that is not decided yet.',
      '`sluice adopt` keeps that change and ends the release; `sluice take-over` goes on over it.',
    );
  }
  return undefined;
}

/** Why a release whose workload is in the hands of an operator does not take this; a rollback wins, and it is not asked. */
export function lentRefusal({ operator }: ReleaseState): Refusal | undefined {
  if (operator === undefined) return undefined;
  return {
    code: 'REFUSED',
    text:
      operator.since === undefined
        ? `It is being handed over to ${operator.by}.`
        : `It is in the hands of ${operator.by} since ${operator.since}.`,
    next: '`sluice take-back` goes on from what is there then, `sluice adopt` ends the release with that, `sluice rollback` undoes.',
  };
}
