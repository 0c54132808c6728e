import { describe, expect, it } from 'vitest';
import { verifyLines } from '../../../../client/cli/view/verify.ts';
import type { Verified } from '../../../../client/sdk/verify.ts';
import { look } from '../fixtures.ts';

const verified: Verified = {
  target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
  version: 'config-7',
  by: 'Reloaded',
  behind: [],
  spec: {},
};

describe('sluice verify', () => {
  it('says that all pods run it, or that the template tells', () => {
    expect(verifyLines(verified, look()).join('\n')).toContain('Every pod of deployment/checkout runs config-7.');
    expect(verifyLines({ ...verified, by: 'Template', version: 'v2' }, look()).join('\n')).toContain(
      'v2 is the template of deployment/checkout: `kubectl rollout status deployment/checkout -n shop` tells',
    );
  });

  it('names the pods that do not', () => {
    const behind = [
      { name: 'checkout-1', uid: '1', node: 'node-a', ready: true },
      { name: 'checkout-2', uid: '2', node: 'node-b', ready: false },
    ];
    expect(verifyLines({ ...verified, behind }, look()).map((line) => line.trimEnd())).toEqual([
      'POD          NODE     NOW',
      'checkout-1   node-a   ready',
      'checkout-2   node-b   not ready',
    ]);
  });
});
