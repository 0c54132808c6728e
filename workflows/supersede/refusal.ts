import { goesBackFirst } from '../contract/planner/supersede.ts';
import { lentRefusal } from '../operator/refusal.ts';
import type { Refusal } from '../refusal.ts';
import { endOf, type ReleaseState } from '../state.ts';

/** Why a release cannot be superseded now, and what to do instead; undefined where it can. Pure. */
export function supersedeRefusal(state: ReleaseState): Refusal | undefined {
  const { rollback, phase, plan, steps, final, held, drift, superseding, regains } = state;
  const lent = lentRefusal(state);
  const end = endOf(state);
  if (end !== undefined) return { code: 'RELEASE_OVER', text: `The release ended: ${end}.` };
  const refused = (text: string, next: string) => ({ code: 'REFUSED' as const, text, next });
  if (rollback !== undefined || phase === 'rollingBack') {
    const text = `It is rolling back${rollback === undefined ? '' : ` for ${rollback.by}`}, and a rollback is not stopped half-way.`;
    return refused(text, 'Wait for its end with `sluice status --wait`, then release the newer version.');
  }
  if (lent !== undefined) return lent;
  if (regains === true) {
    return refused('It is just being taken back from an operator.', 'Say it again when it goes on.');
  }
  if (plan?.scale !== undefined) {
    return refused(
      'It is a scale, which brings no version.',
      'Wait for its end with `sluice status --wait`, or take it back with `sluice rollback`; then release.',
    );
  }
  if (plan?.drain !== undefined) {
    return refused(
      'It keeps pods out of traffic, and brings no version.',
      'Put them back with `sluice restore`; then release.',
    );
  }
  if (superseding !== undefined) {
    return {
      code: 'ALREADY_DECIDED',
      text: `It goes on to ${superseding.version} for ${superseding.said.by} already.`,
      next: 'When that has begun it can be superseded in turn: say it again then.',
    };
  }
  if (plan === undefined) {
    return refused('Its own plan is not made yet: nothing is touched.', 'Say it again in a moment.');
  }
  if (steps.includes('switch')) {
    return refused(
      `Callers were switched to ${plan.change.version}: it is the old version that waits to go.`,
      'Let it end (`sluice approve` ends the time that the old version stays), or `sluice rollback`; then release the newer version.',
    );
  }
  if (plan.mode.used !== 'InPlace' && !goesBackFirst(plan)) {
    return refused(
      `The release of ${plan.change.version} that runs does not change pods in place (${plan.mode.used}): what they got with it cannot be taken over.`,
      `Roll it back with \`sluice rollback\`, or let it end; then release the newer version.`,
    );
  }
  if (phase === 'committing' || final === true || steps.includes('commit')) {
    return refused(
      'All its pods are upgraded, and the commit has begun.',
      'Release the newer version when it is through; it takes a moment.',
    );
  }
  if (held?.failure.code === 'WORKLOAD_CHANGED' || drift !== undefined) {
    return refused(
      'Somebody else changed the workload, and that is not decided yet.',
      '`sluice take-over` undoes that change; then the release can be superseded.',
    );
  }
  return undefined;
}
