import { describe, expect, it } from 'vitest';
import type { PlannedApproval } from '../../../workflows/contract/plan.ts';
import { receive } from '../../../workflows/receive.ts';
import { initialState, type OpenGate, type ReleaseState } from '../../../workflows/state.ts';

const at = '2026-01-01T00:00:00.000Z';
const gate = (needs?: PlannedApproval): OpenGate => ({
  id: 'after-switch',
  since: at,
  bakedAt: '2026-01-01T00:10:00.000Z',
  approvals: [],
  early: true,
  ...(needs && { needs }),
});
const open = (needs?: PlannedApproval): ReleaseState => ({ ...initialState(at), phase: 'gate', gate: gate(needs) });
const approve = (state: ReleaseState, by = 'bob') => receive(state, 'run', 'approve', { gate: 'after-switch', by }, at);

describe('the time to go back', () => {
  it('is ended by one approval where nobody has to approve; a second one has no effect', () => {
    const first = approve(open());
    expect(first).toMatchObject({ accepted: true, text: 'Approved after-switch: it ends now.' });
    const { state } = first as { readonly state: ReleaseState };
    expect(state.gate?.approvals.map(({ by }) => by)).toEqual(['bob']);
    expect(approve(state, 'carol')).toMatchObject({ accepted: false, code: 'ALREADY_DECIDED' });
  });

  it('is ended only by those who may, where it needs approvals as well', () => {
    const needs: PlannedApproval = { required: 2, from: ['bob', 'carol'], onExpiry: 'hold' };
    expect(approve(open(needs), 'eve')).toMatchObject({ accepted: false, code: 'NOT_ALLOWED' });
    expect(approve(open(needs))).toMatchObject({ accepted: true, text: 'Approved after-switch (1 of 2).' });
  });

  it('is no reason for another gate to take an approval that it does not need', () => {
    const { early: _early, ...plain } = gate();
    const state = { ...initialState(at), phase: 'gate' as const, gate: plain };
    expect(approve(state)).toMatchObject({ accepted: false, code: 'REFUSED' });
  });
});
