import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admissions, type Callable } from '../../../activities/traffic/lastEndpoint.ts';

const service = (name: string, ready: readonly string[], members: readonly string[] = ready): Callable => ({
  name,
  ready: new Set(ready),
  members: new Set(members),
});

describe('who may be drained', () => {
  it('all but the last that is ready', () => {
    const answer = admissions(['a', 'b', 'c'], [service('shop', ['a', 'b', 'c'])]);
    expect(Object.fromEntries(answer)).toEqual({
      a: { kind: 'go' },
      b: { kind: 'go' },
      c: { kind: 'last', service: 'shop' },
    });
  });

  it('one that gets no callers now takes nothing away', () => {
    const answer = admissions(['down', 'up'], [service('shop', ['up'], ['up', 'down'])]);
    expect(Object.fromEntries(answer)).toEqual({ down: { kind: 'go' }, up: { kind: 'last', service: 'shop' } });
  });

  it('the only pod of a Service, as nobody could take over', () => {
    expect(Object.fromEntries(admissions(['a'], [service('shop', ['a'])]))).toEqual({
      a: { kind: 'only', service: 'shop' },
    });
  });

  it('waits for the Service that needs it most', () => {
    const answer = admissions(['a', 'b'], [service('all', ['a', 'b', 'c']), service('some', ['a'], ['a', 'c'])]);
    expect(Object.fromEntries(answer)).toEqual({ a: { kind: 'last', service: 'some' }, b: { kind: 'go' } });
  });

  it('leaves each Service of several pods an endpoint, and stops nobody without need', () => {
    const uid = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const some = fc.record({
      members: fc.uniqueArray(uid),
      share: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    });
    fc.assert(
      fc.property(
        fc.array(some, { maxLength: 4 }),
        fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f']),
        (specs, asked) => {
          const services = specs.map(({ members, share }, index) =>
            service(
              `s${index}`,
              members.filter((_, at) => share[at]),
              members,
            ),
          );
          const answer = admissions(asked, services);
          const gone = new Set(asked.filter((each) => answer.get(each)?.kind !== 'last'));
          expect([...answer.keys()]).toEqual(asked);
          const emptied = services.filter(
            ({ ready, members }) => members.size > 1 && ready.size > 0 && [...ready].every((each) => gone.has(each)),
          );
          expect(emptied).toEqual([]);
          for (const [each, admission] of answer) {
            if (admission.kind !== 'last') continue;
            const needs = services.find(({ name }) => name === admission.service);
            expect([...(needs?.ready ?? [])].filter((other) => !gone.has(other))).toEqual([each]);
          }
        },
      ),
    );
  });
});
