import { describe, expect, test } from 'vitest';
import { toSluiceError } from '../../../client/sdk/faults.ts';

/** As grpc-js throws it; 9 is FAILED_PRECONDITION. */
const refused = (details: string): Error => Object.assign(new Error(details), { code: 9, details, metadata: {} });
const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };

describe('a release that no worker answers for', () => {
  test('has none', () => {
    const error = toSluiceError(refused('no poller seen for task queue recently'), 'worker', target);
    expect(error).toMatchObject({
      code: 'WORKER_ABSENT',
      message: 'No worker answers for the release of deployment/checkout.',
    });
  });

  test('has some whose code breaks on it: nobody is told to start one more of them', () => {
    const error = toSluiceError(
      refused('Unable to query workflow due to Workflow Task in failed state.'),
      'worker',
      target,
    );
    expect(error).toMatchObject({ code: 'WORKER_ABSENT', message: expect.stringContaining('their code fails') });
    expect(error.next).toContain('log');
  });
});
