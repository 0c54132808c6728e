import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import type { Pod } from '../../../activities/kubernetes/wire.ts';
import type { PumpedPod, TrafficRules } from '../../../activities/ports.ts';
import { inspectMeasure, measure } from '../../../activities/traffic/measure.ts';
import { createSilence } from '../../../activities/traffic/silence.ts';
import { eventually } from '../../kwok/activities/fixtures.ts';
import {
  type Applications,
  type Prometheus,
  prometheusProgram,
  startApplications,
  startPrometheus,
} from '../../support/prometheus.ts';

const program = prometheusProgram();
const { signal } = new AbortController();

const now = 'sum(in_flight{pod="{pod}"})';

describe.skipIf(program === undefined)('silence by a real Prometheus', () => {
  let apps: Applications;
  let prometheus: Prometheus;
  beforeAll(async () => {
    apps = await startApplications();
    for (const pod of ['idle', 'busy', 'other']) apps.set(pod, pod === 'busy' ? 3 : 0);
    prometheus = await startPrometheus(program ?? '', apps.target);
    await eventually(async () => (await prometheus.number('count(in_flight)')) === 3);
  });
  afterAll(async () => {
    await prometheus.close();
    await apps.close();
  });

  const podOf = (name: string): Pod => ({
    metadata: { name, uid: `uid-${name}`, namespace: 'shop', resourceVersion: '1' },
    spec: { containers: [] },
    status: { podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const out = (name: string, since = Date.now()): PumpedPod => ({
    name,
    uid: `uid-${name}`,
    pod: podOf(name),
    since: new Date(since).toISOString(),
  });
  const rulesOf = (query: string, more: object = {}) => ({
    server: prometheus.server,
    query,
    max: 0,
    every: '1s',
    ...more,
  });
  const inspect = (query: string, more: object = {}) => inspectMeasure([podOf('busy')], rulesOf(query, more), signal);

  it('is measured by what was scraped after the drain', async () => {
    const since = Date.now();
    const rules = rulesOf(now);
    const of = (name: string) =>
      eventually(async () => {
        const sight = await measure(out(name, since), rules, signal);
        return sight.kind === 'measured' && sight;
      });
    expect(await of('idle')).toMatchObject({ silent: true });
    expect(await of('busy')).toEqual({
      kind: 'measured',
      silent: false,
      text: '3, not at most 0 (sum(in_flight{pod="busy"}))',
    });
    expect(await measure(out('busy', since), { ...rules, max: 3 }, signal)).toMatchObject({ silent: true });
  });

  it('is not had from a sample of before, which a plain query still gives', async () => {
    expect(await prometheus.number('sum(in_flight_then{pod="idle"})')).toBe(0);
    const sight = await measure(out('idle', Date.now() - 100), rulesOf('sum(in_flight_then{pod="{pod}"})'), signal);
    expect(sight).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('nothing was scraped since the drain'),
    });
  });

  it('is not had from a range that begins before the drain', async () => {
    const rules = rulesOf('sum(max_over_time(in_flight{pod="{pod}"}[3s]))');
    const since = Date.now();
    expect(await measure(out('idle', since), rules, signal)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('what came before the drain counts until 3s after it'),
    });
    await eventually(async () => (await measure(out('idle', since), rules, signal)).kind === 'measured');
    expect(Date.now() - since).toBeGreaterThanOrEqual(3_000);
  });

  it('is waited for, pod by pod, and a pod that is called is told with its figure', async () => {
    const traffic: TrafficRules = {
      quietMs: 1_000,
      maxDrainMs: 60_000,
      onDrainTimeout: 'Stop',
      readyTimeoutMs: 60_000,
      undo: false,
      silence: { prometheus: rulesOf(now) },
    };
    // No pod is looked into.
    const never = async (): Promise<never> => Promise.reject(new Error('somebody looked'));
    const silence = createSilence(never);
    const deps = { kube: {} as Connection, signal };
    const since = Date.now();
    const answer = await silence([out('idle', since), out('busy', since)], traffic, deps);
    expect(answer).toMatchObject({ done: ['idle'], later: ['busy'], failed: [], gone: [] });
    expect(answer.waits).toEqual([{ pod: 'busy', text: '3, not at most 0 (sum(in_flight{pod="busy"}))' }]);
    expect(Date.now() - since).toBeGreaterThanOrEqual(1_000);

    const late = await silence([out('busy', since - 120_000)], traffic, deps);
    expect(late.failed).toEqual([
      {
        pod: 'busy',
        code: 'DRAIN_TIMEOUT',
        reason: 'After 1m out of traffic: 3, not at most 0 (sum(in_flight{pod="busy"}))',
      },
    ]);
    apps.set('busy', 0);
    try {
      const went = await eventually(async () => {
        const { done } = await silence([out('busy', since)], traffic, deps);
        return done.length > 0 && done;
      });
      expect(went).toEqual(['busy']);
    } finally {
      apps.set('busy', 3);
    }
  });

  it('is never had from a server that is away', async () => {
    const rules = { ...rulesOf(now), server: 'http://127.0.0.1:1' };
    expect(await measure(out('idle', Date.now() - 60_000), rules, signal)).toEqual({
      kind: 'failed',
      reason: 'Prometheus at 127.0.0.1:1: ECONNREFUSED (sum(in_flight{pod="idle"}))',
    });
  });

  describe('before anything is touched', () => {
    it('a query that gives one number passes', async () => {
      await expect(inspect(now)).resolves.toBeUndefined();
    });

    it.each<[string, string, object, string]>([
      ['a server that is away', now, { server: 'http://127.0.0.1:1' }, 'ECONNREFUSED'],
      ['no series', 'nothing{pod="{pod}"}', {}, 'the query gives no series'],
      ['several series', 'in_flight{pod=~"idle|{pod}"}', {}, 'the query gives 2 series instead of one number'],
      [
        'a series without samples',
        'sum(in_flight{pod="idle"}) + 0 * sum(nothing{pod="{pod}"} or vector(0))',
        {},
        'timestamp(nothing',
      ],
      ['NaN', '0 * sum(in_flight{pod="{pod}"}) / 0', {}, 'NaN'],
      ['no PromQL', 'sum(in_flight{pod="{pod}"}', {}, 'parse error'],
      ['a range', 'in_flight{pod="{pod}"}[5s]', {}, 'a matrix instead of one number'],
    ])('%s is refused', async (_, query, more, why) => {
      await expect(inspect(query, more)).rejects.toMatchObject({
        code: 'SILENCE_UNUSABLE',
        message: expect.stringContaining(why),
      });
    });

    it('a server that is no Prometheus is refused', async () => {
      await expect(inspect(now, { server: `http://${apps.target}` })).rejects.toMatchObject({
        code: 'SILENCE_UNUSABLE',
        message: expect.stringContaining('not an answer of Prometheus'),
      });
    });
  });
});
