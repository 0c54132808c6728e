import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errors } from '../../workflows/contract/errors.ts';
import { type MessageName, messageNames } from '../../workflows/contract/messages.ts';
import { isOver, type Phase, phases } from '../../workflows/contract/status.ts';
import { receive } from '../../workflows/receive.ts';
import { initialState, type OpenGate, type ReleaseState } from '../../workflows/state.ts';

const at = '2026-01-01T00:00:00.000Z';
const run = 'run-1';
const gate: OpenGate = {
  id: 'after-gray',
  since: at,
  bakedAt: at,
  needs: { required: 1, from: [], onExpiry: 'hold' },
  approvals: [],
};
const said = { by: 'bob', verified: false, at };

function stateIn(phase: Phase): ReleaseState {
  const state = { ...initialState(at), phase };
  if (phase === 'gate') return { ...state, gate };
  if (phase === 'held') {
    return { ...state, held: { since: at, failure: { code: 'POD_FAILED', text: 'p1 crashed.', next: '' } } };
  }
  return phase === 'rollingBack' ? { ...state, rollback: said } : state;
}

/** What each phase answers to each message: `ok` or the code of the refusal. */
const table: Record<Phase, Record<MessageName, string>> = {
  planning: { approve: 'GATE_PASSED', reject: 'GATE_PASSED', pause: 'ok', resume: 'REFUSED', rollback: 'ok' },
  acquiring: { approve: 'GATE_PASSED', reject: 'GATE_PASSED', pause: 'ok', resume: 'REFUSED', rollback: 'ok' },
  batch: { approve: 'GATE_PASSED', reject: 'GATE_PASSED', pause: 'ok', resume: 'REFUSED', rollback: 'ok' },
  gate: { approve: 'ok', reject: 'ok', pause: 'ok', resume: 'REFUSED', rollback: 'ok' },
  held: { approve: 'GATE_PASSED', reject: 'GATE_PASSED', pause: 'ok', resume: 'ok', rollback: 'ok' },
  committing: { approve: 'GATE_PASSED', reject: 'GATE_PASSED', pause: 'REFUSED', resume: 'REFUSED', rollback: 'ok' },
  rollingBack: {
    approve: 'REFUSED',
    reject: 'REFUSED',
    pause: 'REFUSED',
    resume: 'REFUSED',
    rollback: 'ALREADY_DECIDED',
  },
  succeeded: {
    approve: 'RELEASE_OVER',
    reject: 'RELEASE_OVER',
    pause: 'RELEASE_OVER',
    resume: 'RELEASE_OVER',
    rollback: 'RELEASE_OVER',
  },
  rolledBack: {
    approve: 'RELEASE_OVER',
    reject: 'RELEASE_OVER',
    pause: 'RELEASE_OVER',
    resume: 'RELEASE_OVER',
    rollback: 'RELEASE_OVER',
  },
  failed: {
    approve: 'RELEASE_OVER',
    reject: 'RELEASE_OVER',
    pause: 'RELEASE_OVER',
    resume: 'RELEASE_OVER',
    rollback: 'RELEASE_OVER',
  },
};

const answer = (
  state: ReleaseState,
  name: MessageName,
  message: unknown = { by: 'bob', gate: 'after-gray' },
): string => {
  const received = receive(state, run, name, message, at);
  return received.accepted ? 'ok' : received.code;
};

describe('every phase × every message', () => {
  for (const phase of phases) {
    for (const name of messageNames) {
      it(`${phase} × ${name}: ${table[phase][name]}`, () => {
        expect(answer(stateIn(phase), name)).toBe(table[phase][name]);
      });
    }
  }
});

describe('receive', () => {
  it('accepts a rollback in every phase that has not ended, paused or not', () => {
    for (const phase of phases.filter((name) => !isOver(name) && name !== 'rollingBack')) {
      expect(answer({ ...stateIn(phase), paused: said }, 'rollback'), phase).toBe('ok');
    }
  });

  it('refuses a rollback only in the moment in which the workload is given back', () => {
    expect(answer({ ...stateIn('committing'), final: true }, 'rollback')).toBe('RELEASE_OVER');
    expect(answer({ ...stateIn('committing'), final: false }, 'rollback')).toBe('ok');
  });

  it('scenario 6: a rollback during a pause clears the pause', () => {
    const received = receive({ ...stateIn('batch'), paused: said }, run, 'rollback', { by: 'bob' }, at);
    expect(received.accepted && received.state.paused).toBeUndefined();
  });

  it('nonsense changes nothing, never throws, and is answered with MESSAGE_INVALID or another code of the table', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...phases),
        fc.constantFrom(...messageNames),
        fc.anything(),
        (phase, name, message) => {
          const received = receive(stateIn(phase), run, name, message, at);
          const answered = received.accepted ? typeof (message as { by: unknown }).by : errors[received.code].message;
          expect(answered).toBeTypeOf('string');
        },
      ),
    );
  });

  it('says what is wrong with a message, and how it should look', () => {
    const text = (message: unknown): string => {
      const received = receive(stateIn('gate'), run, 'approve', message, at);
      return received.text;
    };
    expect(text(null)).toBe('Found null; needs an object such as {"by": "anna"}.');
    expect(text({ gate: 'after-gray' })).toBe('Needs "by": who says it.');
    expect(text({ by: 'bob' })).toContain('Needs "gate"');
    expect(text({ by: 'bob', gate: 'after-gray', verified: 'yes' })).toBe('"verified" must be true or false.');
  });

  it('counts different people, once each, and no more than are needed', () => {
    let state: ReleaseState = {
      ...stateIn('gate'),
      gate: { ...gate, needs: { required: 2, from: [], onExpiry: 'hold' } },
    };
    for (const [by, expected] of [
      ['bob', 'ok'],
      ['bob', 'ALREADY_DECIDED'],
      ['carol', 'ok'],
      ['dave', 'ALREADY_DECIDED'],
    ] as const) {
      const received = receive(state, run, 'approve', { by, gate: 'after-gray' }, at);
      expect(received.accepted ? 'ok' : received.code, by).toBe(expected);
      if (received.accepted) state = received.state;
    }
    expect(state.gate?.approvals.map(({ by }) => by)).toEqual(['bob', 'carol']);
  });

  it('an identity is unverified unless the client proved it', () => {
    const received = receive(stateIn('gate'), run, 'approve', { by: 'bob', gate: 'after-gray' }, at);
    expect(received.accepted && received.state.gate?.approvals[0]?.verified).toBe(false);
  });
});
