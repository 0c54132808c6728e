import { describe, expect, it } from 'vitest';
import { fieldsOf } from '../../../../client/cli/commands/change.ts';
import { readPlanChange } from '../../../../workflows/contract/planChange.ts';

describe('the flags of `sluice change`', () => {
  it.each<[string, Parameters<typeof fieldsOf>[0], object]>([
    ['shares', { batches: ['20%', '4'] }, { strategy: { batches: ['20%', 4] } }],
    ['a count of batches', { batchCount: 2 }, { strategy: { batches: { count: 2 } } }],
    [
      'limits',
      { maxUnavailable: '3', failureThreshold: '10%' },
      { strategy: { maxUnavailable: 3, failureThreshold: '10%' } },
    ],
    ['a bake time', { batchBake: '5m' }, { gates: { afterBatch: { bake: '5m' } } }],
    ['an approval', { batchApproval: true }, { gates: { afterBatch: { approval: {} } } }],
    ['no approval', { batchApproval: false }, { gates: { afterBatch: { approval: false } } }],
    [
      'approvers, which ask for an approval',
      { approvals: 2, approver: ['anna', 'bert'] },
      { gates: { afterBatch: { approval: { required: 2, from: ['anna', 'bert'] } } } },
    ],
  ])('%s', (_, flags, fields) => {
    expect(fieldsOf(flags)).toEqual(fields);
    expect(readPlanChange(fields)).toBeTypeOf('object');
  });

  it('say something, and do not contradict each other', () => {
    expect(() => fieldsOf({})).toThrow('Nothing to change is named.');
    expect(() => fieldsOf({ batchApproval: false, approvals: 2 })).toThrow('contradicts');
  });
});
