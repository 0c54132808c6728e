import { describe, expect, test } from 'vitest';
import { changeLines } from '../../../client/cli/view/changes.ts';
import { statusLines } from '../../../client/cli/view/status.ts';
import { givenUp, retryingOf } from '../../../client/sdk/retrying.ts';
import { look, status } from '../cli/fixtures.ts';

const description = (...pendingActivities: object[]): Parameters<typeof retryingOf>[0] => ({
  raw: { pendingActivities },
});
const away = { message: 'connect ECONNREFUSED', applicationFailureInfo: { type: 'CLUSTER_UNREACHABLE' } };
const died = { message: 'activity Heartbeat timeout', timeoutFailureInfo: {} };
/** temporal.api.enums.v1.PendingActivityState */
const state = { scheduled: 1, started: 2 };

describe('steps that are tried again', () => {
  test('are those that have failed, with the reason and its code', () => {
    const pending = description(
      { activityType: { name: 'plan' }, attempt: 3, state: state.started, lastFailure: away },
      { activityType: { name: 'patch' }, attempt: 1, state: state.started },
    );
    expect(retryingOf(pending)).toEqual([
      { step: 'plan', attempt: 3, code: 'CLUSTER_UNREACHABLE', reason: 'connect ECONNREFUSED' },
    ]);
  });

  test('are not those that another worker has taken up after the first one died', () => {
    const step = { activityType: { name: 'wait' }, attempt: 2, lastFailure: died };
    expect(retryingOf(description({ ...step, state: state.started }))).toEqual([]);
    expect(retryingOf(description({ ...step, state: state.scheduled }))).toEqual([
      { step: 'wait', attempt: 2, reason: 'activity Heartbeat timeout' },
    ]);
  });

  test('are given up on after a few tries, with the code of the failure', () => {
    const [retry] = retryingOf(description({ activityType: { name: 'plan' }, attempt: 3, lastFailure: away }));
    const tries = (attempt: number) =>
      givenUp(retry === undefined ? [] : [{ ...retry, attempt }], 'The plan cannot be made');
    expect(tries(3)).toBeUndefined();
    expect(tries(4)).toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      message: 'The plan cannot be made: connect ECONNREFUSED',
    });
  });

  test('are seen in the picture and told once in the log', () => {
    const retrying = [{ step: 'patch', attempt: 5, reason: 'connect\u001B[2J ECONNREFUSED' }];
    const stuck = { ...status(), retrying };
    expect(statusLines(stuck, look(), { cluster: 'local' })).toContain(
      ' ! patch fails and is tried again (try 5): connect ECONNREFUSED',
    );
    expect(changeLines(status(), stuck, look())).toEqual([
      '12:01:00  ! patch fails and is tried again: connect ECONNREFUSED',
    ]);
    expect(changeLines(stuck, { ...stuck, retrying: retrying.map((one) => ({ ...one, attempt: 6 })) }, look())).toEqual(
      [],
    );
  });
});
