import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextCommands, statusLines } from '../../../../client/cli/view/status.ts';
import { widthOf } from '../../../../client/cli/view/text.ts';
import { type PodState, phases, type ReleaseStatus } from '../../../../workflows/contract/status.ts';
import { atGate, batch, inBatch, later, look, repeat, rollingBack, status } from '../fixtures.ts';

const here = { cluster: 'local' };
const drawn = (given: ReleaseStatus, options: Parameters<typeof look>[0] = {}): string[] =>
  statusLines(given, look(options), here);

describe('a release as text', () => {
  test('at a gate: who has approved, who may, and the commands to type', () => {
    expect(drawn(atGate())).toEqual([
      ' checkout  v1 → v2                            deployment/checkout · shop · local',
      '',
      ' [GATE] Waits at after-gray for approval from team-checkout: 1 of 2.',
      ' ━━──────────────────────  1/12 pods · 1m · by anna',
      '',
      ' ✓ gray    ━━━━━━━━━━━━━━━━━ 1/1  ●',
      '   batch-1 ───────────────── 0/3  ···',
      '   batch-2 ───────────────── 0/4  ····',
      '   batch-3 ───────────────── 0/4  ····',
      '',
      ' · 11 queued   ● 1 done',
      '',
      ' Gate after-gray  1 of 2 approvals · from team-checkout · open for 42s',
      '   ✓ ben (unverified)  12:00:40  logs look fine',
      '',
      '   sluice approve deployment/checkout -n shop',
      '   sluice reject deployment/checkout -n shop --reason "…"',
      '',
      ' 12:00:00  Started: 12 pods in 4 batches.',
      ' 12:00:18  gray is done; gate after-gray is open.',
      ' 12:00:40  Approved after-gray (1 of 2). (logs look fine) (ben)',
      ' 12:00:45  ! approve refused: eve may not decide on after-gray; its approvers a…',
    ]);
  });

  test('in a batch: the pods in hand by name, state and node', () => {
    expect(drawn(inBatch()).slice(4, 12)).toEqual([
      '',
      ' ✓ gray    ━━━━━━━━━━━━━━━━━ 1/1  ●',
      ' ✓ batch-1 ━━━━━━━━━━━━━━━━━ 3/3  ●●●',
      ' ▸ batch-2 ━━━━━━━━━━━━━──── 1/4  ●○≈·',
      '     checkout-7c9d8b5f4-bat01  ○ wait     node-1',
      '     checkout-7c9d8b5f4-bat02  ≈ silence  node-2',
      '   batch-3 ───────────────── 0/4  ····',
      '',
    ]);
  });

  test('of a pod that waits for its callers to go: who they are', () => {
    const waitsFor = '3 connections left: 2 from 10.0.0.5 (pod web-1), 1 from its node; the oldest seen for 2m';
    const running = batch('batch-1', 'running', ['silence', 'queued']);
    const pods = running.pods.map((pod) => (pod.state === 'silence' ? { ...pod, waitsFor } : pod));
    const lines = drawn(status({ batches: [{ ...running, pods }] }), { width: 200 });
    expect(lines.find((line) => line.includes('3 connections left'))).toContain(waitsFor);
  });

  test('-o wide has every pod with what it has been through and when', () => {
    const log = [{ at: later(7), is: 'out' } as const, { at: later(12), is: 'silent' } as const];
    const [one] = batch('gray', 'running', ['patch']).pods;
    const given = status({ batches: [{ ...batch('gray', 'running', []), pods: [{ ...one!, log }] }] });
    const line = statusLines(given, look(), { ...here, wide: true }).find((text) => text.includes('patch  '));
    expect(line).toMatch(/ patch +node-\d {2}out 12:00:07 {2}silent 12:00:12$/);
  });

  test('rolling back: what failed, why, and what to do', () => {
    const lines = drawn(rollingBack());
    expect(lines).toContain(' [ROLLING BACK] Rolling back for sluice: checkout-7c9d8b5f4-gra00:');
    expect(lines).toContain(' ━━━━━━──────────────────  0/1 pods back · 1m · by anna');
    expect(lines.slice(lines.indexOf(' ✗ POD_FAILED'))).toEqual([
      ' ✗ POD_FAILED',
      '   checkout-7c9d8b5f4-gra00: CrashLoopBackOff: back-off 10s restarting failed',
      '   container app',
      '   → Look at its logs; the release rolls back or holds as onFailure says.',
      '',
      ' 12:00:00  Started: 12 pods in 4 batches.',
    ]);
  });

  test('what could not be undone is told, each with its next step', () => {
    const left = {
      code: 'ROLLBACK_INCOMPLETE',
      text: 'The Service keeps its selector.',
      next: 'kubectl edit service checkout',
    } as const;
    expect(drawn(status({ phase: 'failed', notUndone: [left] })).join('\n')).toContain(
      ' ✗ not undone: ROLLBACK_INCOMPLETE\n   The Service keeps its selector.\n   → kubectl edit service checkout',
    );
  });

  test('a rolling release has a line that turns, a drawn one stands still', () => {
    const turning = (frame: number): string => drawn(inBatch(), { frame })[7] ?? '';
    expect(turning(0)).not.toBe(turning(1));
    expect(drawn(inBatch())[7]).toContain('▸ batch-2');
  });

  test('thousands of pods are counted, not listed, and every one is counted', () => {
    const states: PodState[] = [
      ...repeat<PodState>(700, 'done'),
      ...repeat<PodState>(25, 'wait'),
      ...repeat<PodState>(475, 'queued'),
    ];
    const lines = drawn(
      status({ batches: [batch('gray', 'done', repeat(12, 'done')), batch('batch-1', 'running', states)] }),
      { height: 24 },
    );
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.find((line) => line.includes('batch-1'))).toMatch(/700\/1200 +· 475 {2}○ 25 {2}● 700$/);
    expect(lines.filter((line) => line.includes('node-')).length).toBeGreaterThan(2);
    expect(lines.join('\n')).toMatch(/… and \d+ more/);
  });

  test('hundreds of batches are summed up around the one that runs', () => {
    const batches = Array.from({ length: 200 }, (_, index) => {
      const state = index < 90 ? 'done' : index === 90 ? 'running' : 'waiting';
      return batch(`batch-${index}`, state, repeat(5, index < 90 ? 'done' : index === 90 ? 'wait' : 'queued'));
    });
    const lines = drawn(status({ batches }), { height: 24 });
    expect(lines.length).toBeLessThanOrEqual(24);
    expect(lines.join('\n')).toMatch(/batch-0 … batch-\d+: \d+ batches, \d+ pods {2}● \d+/);
    expect(lines.some((line) => line.includes('▸ batch-90'))).toBe(true);
    expect(lines.join('\n')).toMatch(/… batch-199: \d+ batches, \d+ pods {2}· \d+/);
    const summed = [...lines.join('\n').matchAll(/: (\d+) batches/g)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
    expect(summed + lines.filter((line) => /^ . batch-\d+ +[━─]/.test(line)).length).toBe(200);
  });

  test('text of others cannot move the cursor, colour, or hide', () => {
    const evil = '\u001B[2J\u001B]0;owned\u0007\u202Eevil\r\nline';
    const text = drawn(
      status({
        initiator: evil,
        text: evil,
        log: [{ at: later(1), text: evil, by: evil }],
        batches: [batch('gray', 'failed', [['failed', evil]])],
      }),
    ).join('\n');
    // oxlint-disable-next-line no-control-regex -- that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F\u202E]/);
  });

  test('no line is wider than the terminal, no picture higher, whatever the release is like', () => {
    const podState = fc.constantFrom<PodState>(
      'queued',
      'drain',
      'silence',
      'patch',
      'wait',
      'check',
      'restore',
      'done',
      'failed',
      'gone',
      'undone',
    );
    const aBatch = fc
      .tuple(
        fc.constantFrom('waiting', 'running', 'done', 'failed', 'undoing', 'undone'),
        fc.array(podState, { maxLength: 70 }),
      )
      .map(([state, states]) => batch('batch-1', state, states));
    const anyStatus = fc
      .record({
        phase: fc.constantFrom(...phases),
        batches: fc.array(aBatch, { maxLength: 30 }),
        text: fc.string(),
        initiator: fc.string({ unit: 'grapheme' }),
      })
      .map((changes) => status(changes));
    fc.assert(
      fc.property(
        anyStatus,
        fc.integer({ min: 40, max: 200 }),
        fc.integer({ min: 12, max: 60 }),
        (given, width, height) => {
          const lines = statusLines(given, look({ width, height, colour: true }), {
            ...here,
            footer: 'Ctrl-C leaves; the release goes on.',
          });
          expect(lines.length).toBeLessThanOrEqual(height);
          for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('what can be done next', () => {
  test('follows what the release waits for', () => {
    const verbs = (given: ReleaseStatus): string[] =>
      nextCommands(given, here).map((command) => command.split(' ')[1] ?? '');
    expect(verbs(atGate())).toEqual(['approve', 'reject', 'status']);
    expect(verbs(inBatch())).toEqual(['status', 'pause', 'rollback']);
    expect(verbs(status({ waiting: { for: 'hold', since: later(1) }, phase: 'held' }))).toEqual([
      'resume',
      'rollback',
      'status',
    ]);
    const undecided = status({ waiting: { for: 'hold', gate: 'after-gray', since: later(1) }, phase: 'held' });
    expect(verbs(undecided)).toEqual(['resume', 'approve', 'rollback', 'status']);
    expect(drawn(undecided).join('\n')).toContain(' Held at after-gray: undecided');
    expect(drawn(undecided)).toContain('   sluice approve deployment/checkout -n shop');
    expect(verbs(status({ phase: 'succeeded' }))).toEqual([]);
  });

  test('names namespace and cluster only where they are not the default', () => {
    expect(nextCommands(atGate(), { cluster: 'prod' })[0]).toBe(
      'sluice approve deployment/checkout -n shop --cluster local',
    );
    const plain = status({ target: { cluster: 'local', namespace: 'default', kind: 'deployment', name: 'checkout' } });
    expect(nextCommands(plain, here)[0]).toBe('sluice status deployment/checkout --watch');
  });
});
