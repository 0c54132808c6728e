import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindAliases } from '../../workflows/contract/kinds.ts';
import { batchId, clusterQueue, planId, releaseId, targetOf } from '../../workflows/contract/names.ts';

const target = { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' };

describe('workflow ids', () => {
  it('are those of the design, which bots compute', () => {
    expect(releaseId(target)).toBe('release/local/shop/deployment/checkout');
    expect(batchId(releaseId(target), 'run-1', 'batch-2')).toBe('release/local/shop/deployment/checkout/run-1/batch-2');
    expect(planId(target, 'x')).toBe('plan/local/shop/deployment/checkout/x');
    expect(clusterQueue('eu-1')).toBe('sluice.eu-1');
  });

  it('give back their target', () => {
    const word = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,20}[a-z0-9])?$/);
    const any = fc.record({ cluster: word, namespace: word, kind: word, name: word });
    fc.assert(
      fc.property(any, (one) => {
        expect(targetOf(releaseId(one))).toEqual(one);
      }),
    );
  });

  it.each([
    batchId(releaseId(target), 'run-1', 'gray'),
    planId(target, 'x'),
    'release/local/shop/deployment',
    'release/local//deployment/checkout',
    'hello',
    '',
  ])('%j is not that of a release', (id) => {
    expect(targetOf(id)).toBeUndefined();
  });
});

it('every alias of a kind leads to a kind', () => {
  for (const kind of Object.values(kindAliases)) expect(kindAliases[kind]).toBe(kind);
});
