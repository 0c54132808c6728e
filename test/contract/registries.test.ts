import { describe, expect, it } from 'vitest';
import { planRelease } from '../../workflows/contract/planner.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';
import { observe, podsOf, quietFindings } from './observations.ts';

const server = 'http://eureka:8761/eureka';

const exec = {
  container: 'app',
  offline: ['/app/offline'],
  online: ['/app/online'],
  status: { command: ['/app/status'] },
  callersCache: '5s',
};

const specThrough = (...through: readonly object[]) =>
  validateSpec({
    target: { cluster: 'local', workload: 'deployment/checkout' },
    change: { images: { app: 'r.test/checkout:v2' } },
    traffic: { through },
  });

describe('a service registry in traffic.through', () => {
  it('has defaults that fit what its callers do', () => {
    expect(specThrough({ eureka: { server, service: 'CHECKOUT' } }).traffic.through).toEqual([
      {
        eureka: { server, service: 'CHECKOUT', instance: {}, missing: 'Fail', callersCache: '90s', callsPerSecond: 50 },
      },
    ]);
  });

  it.each<[string, object, string]>([
    ['no address', { server: 'eureka:8761', service: 'a' }, 'server: found'],
    ['a password in the address', { server: 'http://me:secret@eureka/', service: 'a' }, 'credentials'],
    [
      'two ways to find the instance',
      { server, service: 'a', instance: { port: 1, id: '{pod}' } },
      'found port and id',
    ],
    ['a folder above the credentials', { server, service: 'a', credentials: '../keys' }, 'credentials: found'],
    ['a word that it has not', { server, service: 'a', mising: 'Skip' }, 'did you mean missing?'],
  ])('is refused with %s', (_, eureka, why) => {
    expect(() => specThrough({ eureka })).toThrow(why);
  });

  it.each([
    ['without a place for the key', '/disabled', 'found "/disabled"'],
    ['among the instances', '/services/checkout/off{key}', 'callers would take it for one'],
    ['below the instance', '{key}/off', 'callers would take it for one'],
  ])('etcd is refused with a flag %s', (_, flag, why) => {
    const etcd = { server: 'http://etcd:2379', service: '/services/checkout/', flag };
    expect(() => specThrough({ etcd })).toThrow(why);
  });

  it.each([
    ['without what only its owner knows', {}, 'callersCache: found nothing'],
    ['without a secret to sign with', { callersCache: '5s' }, 'credentials: found nothing'],
  ])('webhook is refused %s', (_, more, why) => {
    expect(() => specThrough({ webhook: { server, service: 'a', ...more } })).toThrow(why);
  });

  it.each<[string, object, string]>([
    ['a command as text', { offline: '/app/offline' }, 'offline: found "/app/offline"'],
    ['no command', { online: [] }, 'online: found'],
    ['one word for in and out', { status: { command: ['s'], online: 'OK', offline: 'OK' } }, 'status.offline: found'],
    ['no time to run', { timeout: '0s' }, 'timeout: found "0s"'],
    ['a server', { server }, 'server: found an unknown field'],
  ])('exec is refused with %s', (_, more, why) => {
    expect(() => specThrough({ exec: { ...exec, ...more } })).toThrow(why);
  });

  it.each([{ webhook: { server, service: 'a', callersCache: '5s', credentials: 'platform' } }, { exec }])(
    'is refused twice, whichever it is: %j',
    (source) => {
      expect(() => specThrough(source, { service: 'shop' }, source)).toThrow('traffic.through[2]: found');
    },
  );

  it('is refused twice, but may stand there with other services and ways', () => {
    const [one, other] = [{ eureka: { server, service: 'a' } }, { eureka: { server, service: 'b' } }];
    expect(() => specThrough(one, other, one)).toThrow('traffic.through[2]: found eureka a at');
    expect(specThrough({ service: 'shop' }, one, other).traffic.through).toHaveLength(3);
  });

  it('is told from others by its namespace and group, where it has them', () => {
    const nacos = { server: 'http://nacos:8848/nacos', service: 'checkout' };
    const through = [{ nacos }, { nacos: { ...nacos, group: 'shop' } }, { nacos: { ...nacos, namespace: 'prod' } }];
    expect(specThrough(...through).traffic.through).toHaveLength(3);
    const twice = { nacos: { ...nacos, group: 'DEFAULT_GROUP', clusters: ['hz-a'] } };
    expect(() => specThrough(...through, twice)).toThrow('found nacos public/DEFAULT_GROUP/checkout at');
  });

  const dubbo = { server: 'zookeeper://zk-0:2181', service: 'com.example.Checkout' };

  it.each([dubbo.server, 'zookeeper+tls://zk-0,zk-1:2281/prod/registry'])('dubbo may be at %s', (at) => {
    const spec = specThrough({ dubbo: { ...dubbo, server: at } }, { dubbo: { ...dubbo, server: at, root: 'other' } });
    expect(spec.traffic.through[0]).toMatchObject({ dubbo: { server: at, root: 'dubbo', callersCache: '5s' } });
  });

  it.each([
    'zk-0:2181',
    'http://zk-0:2181',
    'zookeeper://me:secret@zk-0:2181',
    'zookeeper://zk-0:2181,',
    'zookeeper://zk-0:2181?backup=zk-1:2181',
  ])('dubbo is refused at %s', (at) => {
    expect(() => specThrough({ dubbo: { ...dubbo, server: at } })).toThrow('server: found');
  });

  it.each<[string, object, string]>([
    ['an API that there is not', { api: 'v4' }, 'api: found "v4"'],
    ['no cluster', { clusters: [] }, 'clusters: found'],
  ])('nacos is refused with %s', (_, more, why) => {
    const nacos = { server: 'http://nacos:8848/nacos', service: 'checkout', ...more };
    expect(() => specThrough({ nacos })).toThrow(why);
  });

  it('that a terminated release left pods out of must be named: else they would stay out', () => {
    const leftOut = [{ source: `eureka a at ${server}`, pods: ['p01'] }];
    const plan = (...through: readonly object[]) =>
      planRelease(specThrough(...through), observe(podsOf(4), { findings: { ...quietFindings, leftOut } }));
    expect(() => plan({ service: 'checkout' })).toThrow('p01 of deployment/checkout: still out of eureka a at');
    expect(() => plan({ eureka: { server: 'http://other:8761', service: 'a' } })).toThrow('still out of eureka a');
    expect(plan({ eureka: { server, service: 'a' } }).batches.length).toBeGreaterThan(0);
  });

  it('is in the plan: what is written, how long it takes, who is not there and who is out already', () => {
    const spec = specThrough({ service: 'checkout' }, { eureka: { server, service: 'a', missing: 'Skip' } });
    const source = `eureka a at ${server}`;
    const registries = [{ source, missing: ['p01'], disabled: ['p02'] }];
    const plan = planRelease(spec, observe(podsOf(4), { findings: { ...quietFindings, registries } }));
    expect(plan.writes.some((text) => text.includes(`out of ${source}`))).toBe(true);
    // One pod at a time: 90 s each for the caches of callers.
    expect(plan.estimateSeconds).toBeGreaterThan(4 * 90);
    expect(plan.warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['NOT_REGISTERED', 'OUT_ALREADY']));
  });
});
