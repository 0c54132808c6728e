import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { withTarget } from '../../../client/cli/options.ts';
import { type ScaleFlags, scaleOverrides, withScale } from '../../../client/cli/scaleFlags.ts';
import { readScaleSpec, readSpec } from '../../../client/sdk/specFile.ts';
import { sluice } from './io.ts';

function overrides(...argv: string[]) {
  const command = withScale(withTarget(new Command())).exitOverride();
  command.parse(argv, { from: 'user' });
  return scaleOverrides(command.args, command.opts<ScaleFlags>());
}

const spec = (...argv: string[]) =>
  readScaleSpec({ overrides: overrides('deployment/checkout', '--cluster', 'c', ...argv) });

describe('flags of a scale', () => {
  test('stand for fields of its spec, which has the defaults of a release', () => {
    expect(spec('--to', '20', '--batches', '25%,3', '-n', 'shop')).toMatchObject({
      kind: 'Scale',
      metadata: { namespace: 'shop' },
      target: { cluster: 'c', workload: 'deployment/checkout' },
      scale: { to: 20, hpa: 'Refuse', allowZero: false },
      strategy: { batches: ['25%', 3], readyTimeout: '5m' },
      gates: { afterBatch: { bake: '0s', approval: false } },
      traffic: { through: [], quiet: '5s' },
      onFailure: 'Rollback',
    });
  });

  test('who goes, who approves, how they are drained, and what becomes of an HPA', () => {
    expect(
      spec(
        ...'--to 2 --hpa suspend --count 2 --select-node zone=a --first Oldest --bake 1m'.split(' '),
        ...'--approver anna,bob --service checkout --quiet-period 2s'.split(' '),
      ),
    ).toMatchObject({
      scale: { hpa: 'Suspend' },
      strategy: { batches: { count: 2 }, select: { nodes: { zone: 'a' } }, order: { first: 'Oldest' } },
      gates: { afterBatch: { bake: '1m', approval: { required: 1, from: ['anna', 'bob'] } } },
      traffic: { through: [{ service: 'checkout' }], quiet: '2s' },
    });
  });

  test.each([
    [['--to', '0'], '--to scale.to: found 0; allowed: a whole number of at least 1; 0 takes every pod away'],
    [['--to', ''], '--to scale.to: found ""; allowed: a whole number of pods'],
    [['--to', '2.5'], '--to scale.to: found "2.5"; allowed: a whole number of pods'],
    [['--to', '5', '--hpa', 'maybe'], '--hpa scale.hpa: found "Maybe"; allowed: Refuse, Suspend or Bound'],
    [[], 'scale: found nothing'],
  ])('%j is refused with its place', (argv, message) => {
    expect(() => spec(...argv)).toThrow(message);
  });

  test('a file has places, and the kinds are not taken for each other', () => {
    const text = 'kind: Scale\ntarget: { cluster: c, workload: deployment/a }\nscale: { to: -1 }\n';
    const document = { text, file: 'scale.yaml' };
    expect(() => readScaleSpec({ document })).toThrow(/scale\.yaml:3:14 scale\.to: found -1/);
    expect(() => readSpec({ document })).toThrow(/scale\.yaml:1:7 kind: found "Scale"; allowed: Release/);
  });

  test('without a workload the command says what to write', async () => {
    const { exit, stderr } = await sluice(['scale', '--to', '5'], { env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });
    expect(exit).toBe(1);
    expect(stderr).toContain('deployment/checkout --to 20');
  });
});
