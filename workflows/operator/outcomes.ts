import { initialState, type ReleaseState } from '../state.ts';

/** Thrown when an operator has brought every pod, and the template, to the new version: nothing is left to do. */
export class Arrived extends Error {}

/** Thrown when the release begins once more with a plan of what is there now. */
export class Anew extends Error {}

/**
 * The same release, which has touched nothing yet of what is there now: who said what, and what was done, is kept for
 * people. Pure.
 */
export function anew(state: ReleaseState): ReleaseState {
  const { run, supersedes, decisions, gatesPassed, log, refused, startedAt } = state;
  return {
    ...initialState(startedAt),
    ...(run !== undefined && { run }),
    ...(supersedes && { supersedes }),
    ...(decisions && { decisions }),
    ...(gatesPassed && { gatesPassed }),
    log,
    refused,
  };
}
