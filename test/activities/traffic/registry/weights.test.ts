import { describe, expect, it } from 'vitest';
import type { TrafficDeps } from '../../../../activities/ports.ts';
import { openRegistry } from '../../../../activities/traffic/registries/index.ts';
import type { Stand, Weights } from '../../../../activities/traffic/registries/registry.ts';
import { aimOf, isTheirs, weightAt } from '../../../../activities/traffic/registry/weights.ts';
import { type RegistryKey, registrySchemas } from '../../../../workflows/contract/registries.schema.ts';
import { weighing } from '../../../../workflows/contract/traffic.ts';

const weights: Weights = { decimals: 2, set: () => Promise.resolve() };
const stand = (weight?: number, takenOut = true): Stand => ({
  id: 'a',
  inTraffic: !takenOut,
  takenOut,
  ...(weight !== undefined && { weight }),
});
const shares = [10, 50];
const warming = { own: 0.7, given: [0.07, 0.35] };

describe('with what weight an instance comes back', () => {
  it('its own, without a warm-up, a registry that has weights, or a weight that can be divided', () => {
    expect(aimOf(weights, stand(0.7), stand(0.7))).toBeUndefined();
    expect(aimOf(undefined, stand(0.7), stand(0.7), shares)).toBeUndefined();
    expect(aimOf(weights, stand(), stand(), shares)).toBeUndefined();
    expect(aimOf(weights, stand(0), stand(0), shares)).toBeUndefined();
    expect(aimOf(weights, stand(0.01), stand(0.01), shares)).toBeUndefined();
  });

  it('the first share; what it has now counts, and what it had before only where that is not told', () => {
    const first = { weight: { is: 0.07, own: false }, warming };
    expect(aimOf(weights, stand(0.7), stand(0.7), shares)).toEqual(first);
    expect(aimOf(weights, stand(), stand(0.7), shares)).toEqual(first);
    expect(aimOf(weights, stand(7), stand(0.7), shares)).toMatchObject({ weight: { is: 0.7 }, warming: { own: 7 } });
  });

  it('one that is on its way begins anew, also with other shares; nobody takes a share for its own weight', () => {
    const trail = { ...stand(0.7), warming };
    expect(aimOf(weights, stand(0.35), trail, [20])).toEqual({
      weight: { is: 0.14, own: false },
      warming: { own: 0.7, given: [0.07, 0.35, 0.14] },
    });
    expect(aimOf(weights, stand(0.35), trail)).toEqual({ weight: { is: 0.7, own: true } });
    expect(aimOf(weights, stand(3), trail)).toEqual({ weight: { is: 3, own: true } });
  });

  it('another weight than ours is of somebody else', () => {
    const trail = { ...stand(0.7), warming };
    const theirs = [0.07, 0.35, 0.7, 0.1, 0].filter((weight) => isTheirs(stand(weight), trail));
    expect(theirs).toEqual([0.1, 0]);
  });

  it('a share is what the registry can write, never nothing and never more than all', () => {
    expect(weightAt(0.7, 10, { decimals: 2 })).toBe(0.07);
    expect(weightAt(100, 33, { decimals: 0 })).toBe(33);
    expect(weightAt(7, 1, { decimals: 0 })).toBe(1);
    expect(weightAt(0.005, 50, { decimals: 2 })).toBe(0.005);
  });
});

it('the plan knows which registries have weights', () => {
  const fields: Readonly<Record<RegistryKey, object>> = {
    eureka: { server: 'http://e:1', service: 's' },
    etcd: { server: 'http://e:2', service: '/s/', flag: '/off{key}' },
    consul: { server: 'http://e:3', service: 's' },
    webhook: { server: 'http://e:4', service: 's', callersCache: '1s', credentials: 'c' },
    nacos: { server: 'http://e:5', service: 's' },
    exec: { container: 'c', offline: ['a'], online: ['b'], status: { command: ['c'] }, callersCache: '1s' },
    dubbo: { server: 'zookeeper://e:6', service: 's' },
  };
  const { signal } = new AbortController();
  const have = Object.entries(fields).flatMap(([key, rules]) => {
    const source = registrySchemas[key as RegistryKey].parse({ [key]: rules });
    return openRegistry(source, { signal } as TrafficDeps).registry.weights === undefined ? [] : [key];
  });
  expect(new Set(have)).toEqual(weighing);
});
