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

/** A release that is on its way: no gate is open, nobody paused it. */
const going = {
  approve: 'GATE_PASSED',
  reject: 'GATE_PASSED',
  pause: 'ok',
  resume: 'REFUSED',
  rollback: 'ok',
} as const;

/**
 * Only where somebody changed the workload is there anything to take over or to adopt; these releases have no plan yet,
 * see changePlan.test.ts.
 */
const under = (answers: Record<'approve' | 'reject' | 'pause' | 'resume' | 'rollback', string>) => ({
  ...answers,
  changePlan: 'REFUSED',
  skipTo: 'REFUSED',
  takeOver: 'REFUSED',
  adopt: 'REFUSED',
  supersede: 'REFUSED',
  handOver: 'REFUSED',
  takeBack: 'REFUSED',
});

function all(code: string): Record<MessageName, string> {
  const every = { approve: code, reject: code, pause: code, resume: code, rollback: code };
  return {
    ...every,
    changePlan: code,
    skipTo: code,
    takeOver: code,
    adopt: code,
    supersede: code,
    handOver: code,
    takeBack: code,
  };
}

function stateIn(phase: Phase): ReleaseState {
  const state = { ...initialState(at), phase };
  if (phase === 'gate') return { ...state, gate };
  if (phase === 'held') {
    return { ...state, held: { since: at, failure: { code: 'POD_FAILED', text: 'p1 crashed.', next: '' } } };
  }
  if (phase === 'manual') return { ...state, operator: { ...said, since: at }, regains: true };
  return phase === 'rollingBack' ? { ...state, rollback: said } : state;
}

/** What each phase answers to each message: `ok` or the code of the refusal. */
const table: Record<Phase, Record<MessageName, string>> = {
  planning: under(going),
  pulling: under(going),
  acquiring: under(going),
  batch: under(going),
  gate: under({ ...going, approve: 'ok', reject: 'ok' }),
  held: under({ ...going, resume: 'ok' }),
  manual: { ...all('REFUSED'), handOver: 'ALREADY_DECIDED', takeBack: 'ok', adopt: 'ok', rollback: 'ok' },
  committing: under({ ...going, pause: 'REFUSED' }),
  rollingBack: { ...all('REFUSED'), rollback: 'ALREADY_DECIDED' },
  succeeded: all('RELEASE_OVER'),
  rolledBack: all('RELEASE_OVER'),
  handedOver: all('RELEASE_OVER'),
  superseded: all('RELEASE_OVER'),
  failed: all('RELEASE_OVER'),
};

const answer = (
  state: ReleaseState,
  name: MessageName,
  message: unknown = { by: 'bob', gate: 'after-gray', batch: 'batch-2', strategy: { maxUnavailable: 2 }, spec: {} },
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

  it('held over a change by somebody else, it takes either answer once', () => {
    const failure = { code: 'WORKLOAD_CHANGED' as const, text: 'somebody changed it', next: '' };
    const held = { ...stateIn('held'), held: { since: at, failure } };
    for (const name of ['takeOver', 'adopt'] as const) {
      expect(answer(held, name)).toBe('ok');
      const received = receive(held, run, name, { by: 'bob' }, at);
      expect(received.accepted && answer(received.state, name)).toBe('ALREADY_DECIDED');
      expect(received.accepted && answer(received.state, 'rollback')).toBe('ok');
    }
    expect(answer(held, 'resume')).toBe('ok');
    expect(answer({ ...held, final: false }, 'rollback')).toBe('ok');
  });

  it('held because its checks cannot be decided, an approval goes on without them, for whoever may decide on the gate', () => {
    const failure = { code: 'CHECK_UNDECIDED' as const, text: 'no data', next: '' };
    const held = { ...stateIn('held'), held: { since: at, failure }, gate: { ...gate, approvals: [said] } };
    expect(answer(held, 'approve')).toBe('ok');
    expect(answer(held, 'approve', { by: 'bob', gate: 'after-batch-1' })).toBe('GATE_PASSED');
    const asks = { ...held, gate: { ...gate, needs: { required: 2, from: ['eve'], onExpiry: 'hold' as const } } };
    expect(answer(asks, 'approve')).toBe('NOT_ALLOWED');
    const received = receive({ ...held, paused: said }, run, 'approve', { by: 'bob', gate: gate.id }, at);
    expect(received).toMatchObject({
      text: 'Approved after-gray: it goes on without its checks.',
      state: { paused: said, gate: { approvals: [said], unchecked: true } },
    });
    expect(received.accepted && received.state.held).toBe(undefined);
    expect(receive(held, run, 'resume', { by: 'bob' }, at)).toMatchObject({
      text: 'Resumed: the checks are asked again.',
    });
    expect(answer(held, 'reject')).toBe('ok');
    expect(answer({ ...held, held: { since: at, failure: { ...failure, code: 'CHECK_FAILED' } } }, 'approve')).toBe(
      'ALREADY_DECIDED',
    );
  });

  it('takes nothing any more when it has failed before anything was touched, and only its record is to be kept', () => {
    const failure = { code: 'IMAGE_PULL_FAILED' as const, text: 'node-1: why', next: '' };
    for (const name of messageNames) {
      expect(answer({ ...stateIn('pulling'), failure }, name), name).toBe('RELEASE_OVER');
    }
    const back = { ...stateIn('rollingBack'), failure };
    expect([answer(back, 'rollback'), answer(back, 'supersede')]).toEqual(['ALREADY_DECIDED', 'REFUSED']);
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

it.each(['rollback', 'pause', 'approve', 'reject'] as const)(
  'a %s that is heard twice, as update and as the signal that kept it, has one effect',
  (name) => {
    const message = { by: 'bob', gate: 'after-gray' };
    const first = receive(stateIn('gate'), run, name, message, at);
    if (!first.accepted) throw new Error(first.text);
    expect(receive(first.state, run, name, message, at)).toMatchObject({ accepted: false });
  },
);
