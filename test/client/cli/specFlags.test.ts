import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { withTarget } from '../../../client/cli/options.ts';
import { overridesOf, type SpecFlags, withSpec } from '../../../client/cli/specFlags.ts';
import { readSpec } from '../../../client/sdk/specFile.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';

/** The fields that a command line sets, by path. */
function fields(...argv: string[]): Record<string, unknown> {
  const { words, flags } = parsed(...argv);
  return Object.fromEntries(overridesOf(words, flags).map(({ path, value }) => [path.join('.'), value]));
}

function parsed(...argv: string[]): { words: string[]; flags: SpecFlags } {
  const command = withSpec(withTarget(new Command())).exitOverride();
  command.parse(argv, { from: 'user' });
  return { words: command.args, flags: command.opts() };
}

describe('flags stand for fields of the spec', () => {
  test('nothing is set that was not asked for', () => {
    expect(fields()).toEqual({});
  });

  test('the workload, in both ways of kubectl', () => {
    expect(fields('deployment/checkout', '-n', 'shop', '--cluster', 'west')).toEqual({
      'target.workload': 'deployment/checkout',
      'metadata.namespace': 'shop',
      'target.cluster': 'west',
    });
    expect(fields('deployment', 'checkout')).toEqual({ 'target.workload': 'deployment/checkout' });
  });

  test('images by container; a registry with a port and a digest keep their colons', () => {
    expect(fields('--image', 'app=localhost:5000/shop:v2@sha256:ab', '--image', 'proxy=envoy:1')).toEqual({
      'change.images.app': 'localhost:5000/shop:v2@sha256:ab',
      'change.images.proxy': 'envoy:1',
    });
  });

  test('the order of containers', () => {
    expect(fields('--order', 'proxy, app', '--order', 'logger')).toEqual({
      'change.order': ['proxy', 'app', 'logger'],
    });
  });

  test('counts become numbers, percentages stay text, nonsense is left to the schema', () => {
    expect(fields('--batches', '20%, 3,50%', '--gray', '2', '--max-unavailable', '25%')).toEqual({
      'strategy.batches': ['20%', 3, '50%'],
      'strategy.gray.pods': 2,
      'strategy.maxUnavailable': '25%',
    });
    expect(fields('--max-unavailable=-1', '--gray', 'some')).toEqual({
      'strategy.maxUnavailable': -1,
      'strategy.gray.pods': 'some',
    });
    expect(fields('--max-surge', '2')).toEqual({ 'strategy.maxSurge': 2 });
    expect(fields('--warm-up', '30s')).toEqual({ 'strategy.warmUp': '30s' });
    expect(fields('--warm-up', '30s', '--warm-up-weights', '10%,50%')).toEqual({
      'strategy.warmUp': { for: '30s', weights: ['10%', '50%'] },
    });
    expect(fields('--warm-up-weights', '10%')).toEqual({ 'strategy.warmUp': { weights: ['10%'] } });
    expect(fields('--batch-count', '4')).toEqual({ 'strategy.batches': { count: 4 } });
  });

  test('ways out of traffic keep the kind', () => {
    expect(fields('--service', 'a,b', '--readiness-gate', 'example.com/in')).toEqual({
      'traffic.through': [{ service: 'a' }, { service: 'b' }, { readinessGate: 'example.com/in' }],
    });
  });

  test('a reload, by words or by a signal', () => {
    expect(
      fields('--reload-version', 'c7', '--reload-command', ' nginx  -s reload', '--reload-container', 'a,b'),
    ).toEqual({
      'change.reload.version': 'c7',
      'change.reload.command': ['nginx', '-s', 'reload'],
      'change.reload.containers': ['a', 'b'],
    });
    expect(fields('--reload-signal', 'HUP')).toEqual({ 'change.reload.signal': 'HUP' });
  });

  test('a hot swap', () => {
    expect(
      fields(
        '--swap-containers',
        'a,b',
        '--swap-image',
        'p:2',
        '--swap-empty-image',
        'e:1',
        '--swap-holds',
        'p  holds',
      ),
    ).toEqual({
      'change.hotSwap.containers': ['a', 'b'],
      'change.hotSwap.image': 'p:2',
      'change.hotSwap.emptyImage': 'e:1',
      'change.hotSwap.holds.command': ['p', 'holds'],
    });
  });

  test('the gray group by node, label and name', () => {
    expect(fields('--gray-node', 'zone=a', '--gray-label', 'tier=web', '--gray-pod', 'checkout-1')).toEqual({
      'strategy.gray.select.nodes': { zone: 'a' },
      'strategy.gray.select.labels': { tier: 'web' },
      'strategy.gray.select.names': ['checkout-1'],
    });
  });

  test('gates', () => {
    expect(
      fields('--approvals', '2', '--approver', 'anna,ben', '--bake', '5m', '--batch-bake', '30s', '--batch-approval'),
    ).toEqual({
      'gates.afterGray.approval': {},
      'gates.afterGray.approval.required': 2,
      'gates.afterGray.approval.from': ['anna', 'ben'],
      'gates.afterGray.bake': '5m',
      'gates.afterBatch.bake': '30s',
      'gates.afterBatch.approval': {},
    });
  });

  test('approvals are left out only when that is said, and then at every gate', () => {
    const none = { 'gates.afterGray.approval': false, 'gates.afterBatch.approval': false };
    expect(fields('--approval')).toEqual({ 'gates.afterGray.approval': {} });
    expect(fields('--no-approval')).toEqual(none);
    expect(fields('-y')).toEqual(none);
  });

  test.each([
    ['--image', '=app:v2'],
    ['--image', 'app='],
    ['--gray-node', 'a'],
    ['--reload-command', "sh -c 'a b'"],
    ['--reload-command', 'a && b'],
    ['--swap-holds', 'a "b"'],
    ['--gray-label', '=x'],
  ])('%s %s is refused', (...argv) => {
    expect(() => fields(...argv)).toThrow(SluiceError);
  });
});

describe('approvals over a file', () => {
  const says = (gates: object, ...argv: string[]) => {
    const { words, flags } = parsed(...argv);
    const spec = {
      target: { cluster: 'local', workload: 'deployment/checkout' },
      change: { images: { app: 'app:v2' } },
      gates,
    };
    return readSpec({
      document: { text: JSON.stringify(spec), file: 'release.yaml' },
      overrides: overridesOf(words, flags),
    }).gates;
  };
  const none = { afterGray: { bake: '5m', approval: false }, afterBatch: { approval: false } };
  const one = { required: 1, from: [], onExpiry: 'hold' };
  const two = { required: 2, from: ['anna', 'ben'], onExpiry: 'rollback' };

  test.each([
    [['--approval'], one],
    [['--approvals', '2'], { ...one, required: 2 }],
    [['--approver', 'anna'], { ...one, from: ['anna'] }],
  ])('%j brings one where the file has none', (argv, approval) => {
    expect(says(none, ...argv)).toMatchObject({ afterGray: { bake: '5m', approval }, afterBatch: { approval: false } });
  });

  test('--batch-approval brings one after each batch', () => {
    expect(says(none, '--batch-approval')).toMatchObject({
      afterGray: { approval: false },
      afterBatch: { approval: one },
    });
  });

  test('a flag takes nothing away from what the file asks for', () => {
    const gates = { afterGray: { approval: two }, afterBatch: { approval: two } };
    expect(says(gates, '--approval', '--batch-approval')).toMatchObject(gates);
    expect(says(gates, '--approvals', '1').afterGray.approval).toEqual({ ...two, required: 1 });
  });

  test('what is wrong in the file is not blamed on the flag', () => {
    expect(() => says({ afterGray: { approval: { required: 0 } } }, '--approval')).toThrow(/^release\.yaml:1:\d+ /);
    expect(() => says(none, '--approvals', '99')).toThrow(/^--approvals gates\.afterGray\.approval\.required/);
  });

  test('with --yes it is a contradiction', () => {
    expect(() => fields('--approval', '--yes')).toThrow('--approval and --yes');
  });
});
