import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pods } from '../../../activities/kubernetes/resources.ts';
import type { Check, Notifier, TrafficPath, Verdict } from '../../../activities/ports.ts';
import type { HandfulRequest } from '../../../workflows/contract/activities/handful.ts';
import {
  type App,
  activitiesOf,
  attempt,
  createWorld,
  deploy,
  eventually,
  handful,
  v1,
  type World,
} from './fixtures.ts';

let world: World;
let app: App;

beforeAll(async () => {
  world = await createWorld();
  app = await deploy(world, { replicas: 2 });
});
afterAll(() => world.close());

const http = { http: { path: '/', expect: 200, timeout: '5s' } };
const prometheus = {
  prometheus: {
    server: 'http://prometheus',
    query: 'errors',
    max: 1,
    noData: 'unsure' as const,
    onUndecided: 'hold' as const,
  },
};

/** Runs the checks of `more` on the pods of the app; `verdict` decides, run by run. */
async function check(
  verdict: (pod: string, run: number) => Verdict,
  more: Partial<HandfulRequest> = {},
  undecided: Check['undecided'] = 'CHECK_FAILED',
) {
  const asked: string[][] = [];
  let keptOut = 0;
  const path: Pick<TrafficPath, 'keepOut'> = {
    keepOut: async () => void (keptOut += 1),
  };
  const createCheck = (): Check => ({
    key: 'fake',
    undecided,
    run: async (live) => {
      asked.push(live.map(({ name }) => name));
      return new Map(live.map(({ name }) => [name, verdict(name, asked.length)]));
    },
  });
  const sluice = activitiesOf(world.kube, { createCheck, createTraffic: () => path as TrafficPath });
  const uid = (await app.deployment()).metadata.uid;
  const request = handful(app.target, uid, 'h', await app.pods(), v1, { checks: [http], ...more });
  const answer = await attempt(sluice, 'check', request).finally(() => sluice.close());
  return { answer, asked, keptOut, names: request.pods.map(({ name }) => name) };
}

const pass: Verdict = { result: 'pass', reason: 'HTTP 200' };
const fail: Verdict = { result: 'fail', reason: 'HTTP 500' };
const unsure: Verdict = { result: 'unsure', reason: 'no data' };

describe('check', () => {
  it('tells the pods that passed from those that failed, with the reason', async () => {
    const [first] = (await app.pods()).map(({ metadata }) => metadata.name);
    const { answer, names } = await check((pod) => (pod === first ? fail : pass));
    expect(answer).toEqual({
      done: names.filter((name) => name !== first),
      failed: [{ pod: first, code: 'CHECK_FAILED', reason: 'fake: HTTP 500' }],
      later: [],
      gone: [],
    });
  });

  it('asks again while one is unsure, but only for that pod', async () => {
    const [first] = (await app.pods()).map(({ metadata }) => metadata.name);
    const { answer, asked } = await check((pod, run) => (pod === first && run === 1 ? unsure : pass));
    expect(answer.done).toHaveLength(2);
    expect(asked).toEqual([expect.any(Array), [first]]);
  });

  it('takes one that stays unsure for a failure, or leaves it to people', async () => {
    const since = new Date(Date.now() - 61_000).toISOString();
    const list = (await app.pods()).map(({ metadata: { name, uid } }) => ({ name, uid, wasReady: true, since }));
    const { answer } = await check(() => unsure, { pods: list });
    const [asked] = answer.failed;
    expect(answer.failed.map(({ reason }) => reason)).toEqual(Array(2).fill('undecided: fake: no data'));
    expect(asked?.code).toBe('CHECK_FAILED');
    const people = await check(() => unsure, { pods: list }, 'CHECK_UNDECIDED');
    expect(people.answer.failed.map(({ code }) => code)).toEqual(Array(2).fill('CHECK_UNDECIDED'));
    // One that fails says more than one that is unsure, whichever was asked first.
    const both = await check(
      (_, run) => (run === 1 ? unsure : fail),
      { pods: list, checks: [http, http] },
      'CHECK_UNDECIDED',
    );
    expect(both.answer.failed.map(({ code, reason }) => `${code} ${reason}`)).toEqual(
      Array(2).fill('CHECK_FAILED fake: HTTP 500'),
    );
  });

  it('keeps out who registers while it is checked, but for a gate: that looks at pods that are in traffic', async () => {
    const { traffic } = handful(app.target, 'u', 'h', [], v1);
    const more = { traffic: { ...traffic, through: [{ service: 'shop' }] } };
    const once = (_: string, run: number): Verdict => (run === 1 ? unsure : pass);
    expect((await check(once, more)).keptOut).toBeGreaterThan(1);
    expect((await check(once, { ...more, checks: [prometheus] })).keptOut).toBe(0);
  });

  it('checks nothing in a rollback', async () => {
    const { answer, asked } = await check(() => fail, { undo: true });
    expect(answer.done).toHaveLength(2);
    expect(asked).toEqual([]);
  });

  it('does not let a gate open unverified because its pod died: another stands in', async () => {
    const [victim] = await app.pods();
    if (!victim) throw new Error('no pod');
    await world.kube.remove(pods, { namespace: world.namespace, name: victim.metadata.name });
    await eventually(async () => !(await app.pods()).some(({ metadata }) => metadata.uid === victim.metadata.uid));
    const pod = {
      name: victim.metadata.name,
      uid: victim.metadata.uid,
      wasReady: true,
      since: new Date().toISOString(),
    };
    const gate = await check(() => fail, { checks: [prometheus], pods: [pod] });
    expect(gate.answer.failed).toMatchObject([{ pod: pod.name, code: 'CHECK_FAILED' }]);
    const own = await check(() => fail, { pods: [pod] });
    expect(own.answer).toMatchObject({ gone: [pod.name], failed: [] });
  });
});

describe('notify', () => {
  it('tells everyone, also when one cannot be told, and fails then', async () => {
    const told: string[] = [];
    const createNotifier = (target: { readonly webhook: { readonly url: string } }): Notifier => ({
      key: 'webhook',
      send: async () => {
        if (target.webhook.url.endsWith('/broken')) throw new Error('HTTP 500');
        told.push(target.webhook.url);
      },
    });
    const sluice = activitiesOf(world.kube, { createNotifier });
    const targets = ['a', 'broken', 'b'].map((name) => ({ webhook: { url: `http://chat/${name}` } }));
    const event = { id: 'i', run: 'r', kind: 'gate' as const, app: 'a', version: 'v', text: 't', at: 'now' };
    await expect(attempt(sluice, 'notify', { targets, event })).rejects.toMatchObject({
      nonRetryable: false,
      message: expect.stringContaining('HTTP 500'),
    });
    expect(told).toEqual(['http://chat/a', 'http://chat/b']);
    sluice.close();
  });
});
