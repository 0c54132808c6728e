import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { containerOrder, orderText } from '../../workflows/contract/planner/containerOrder.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { observe, podsOf, quietFindings, specOf } from './observations.ts';

const images = { app: 'app:v1', proxy: 'proxy:v1', logger: 'logger:v1' };
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const pods = podsOf(4).map((pod) => ({
  ...pod,
  images,
  imageIDs: Object.fromEntries(Object.keys(images).map((name) => [name, `docker.io/library/${name}@${digest}`])),
}));
const plan = (change: ReleaseSpecInput['change']) =>
  planRelease(specOf({ change }), observe(pods, { templateImages: images, findings: { ...quietFindings } }));
const v2 = { app: 'app:v2', proxy: 'proxy:v2', logger: 'logger:v2' };

describe('the order of containers in a plan', () => {
  it('is that of the spec; those that are not named come last, together', () => {
    expect(plan({ images: v2, order: ['proxy'] }).change.order).toEqual([['proxy'], ['app', 'logger']]);
    expect(plan({ images: v2, order: ['logger', ['app', 'proxy']] }).change.order).toEqual([
      ['logger'],
      ['app', 'proxy'],
    ]);
    expect(plan({ restart: true, order: ['proxy'] }).change.order).toEqual([['proxy'], ['app', 'logger']]);
  });

  it('is none where nobody asks for it, or only one group is left to change', () => {
    expect(plan({ images: v2 }).change).not.toHaveProperty('order');
    expect(plan({ images: v2, order: [['app', 'proxy', 'logger']] }).change).not.toHaveProperty('order');
    const unchanged = { app: 'app:v2', proxy: 'proxy:v1' };
    expect(plan({ images: unchanged, order: ['proxy', 'app'] }).change).not.toHaveProperty('order');
  });

  it('takes the time of a restart for each group', () => {
    const seconds = (order?: string[]) => plan({ images: v2, ...(order && { order }) }).estimateSeconds;
    // Four pods one at a time, each with a probe of 3 s after a restart of 2 s.
    expect(seconds(['proxy']) - seconds()).toBe(4 * 5);
    expect(seconds(['proxy', 'app', 'logger']) - seconds()).toBe(2 * 4 * 5);
  });

  it('a container that the template does not have is refused by name, also in a restart of all', () => {
    const refused = () => plan({ restart: true, order: ['proxy', 'sidecar'] });
    expect(refused).toThrow(SluiceError);
    expect(refused).toThrow(
      'change.order[1]: deployment/checkout has no container sidecar; it has app, proxy, logger.',
    );
  });

  it('has each changed container once, named ones before the others and in their order', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const names = fc.uniqueArray(name, { maxLength: 6 });
    fc.assert(
      fc.property(names, names, fc.nat({ max: 5 }), (asked, changed, cut) => {
        const entries = [...asked.slice(0, cut), ...(asked.length > cut ? [asked.slice(cut)] : [])];
        const order = containerOrder(entries, changed);
        const groups = order ?? [changed];
        const due = [...asked.filter((one) => changed.includes(one)), ...changed.filter((one) => !asked.includes(one))];
        expect(order === undefined ? groups.flat().toSorted() : groups.flat()).toEqual(
          order === undefined ? due.toSorted() : due,
        );
        expect(order?.filter((group) => group.length === 0) ?? []).toEqual([]);
        expect(order?.length).not.toBe(1);
      }),
    );
  });
});

it('in words', () => {
  expect(orderText([['proxy'], ['app', 'logger']])).toBe('proxy, then app and logger');
});
