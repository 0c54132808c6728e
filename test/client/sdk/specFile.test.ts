import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSpecText } from '../../../client/sdk/spec/specText.ts';
import { parseSpec, readSpec, type SpecSource } from '../../../client/sdk/specFile.ts';
import { SluiceError } from '../../../workflows/contract/errors.ts';

const target = 'target: { cluster: local, workload: deployment/checkout }';
const change = 'change: { images: { app: registry.local/checkout:v2 } }';
const head = [target, change];

function refusal(source: SpecSource): SluiceError {
  try {
    readSpec(source);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

const refused = (text: string): SluiceError => refusal({ document: { text, file: 'release.yaml' } });

/** Where each problem is: `7:13 strategy.maxUnavailable`. */
const places = (error: SluiceError): string[] =>
  (error.details['problems'] as { line: number; column: number; field: string }[]).map(
    ({ line, column, field }) => `${line}:${column} ${field}`,
  );

/** The example of the design, without what this version does not have (the Nacos registry). */
const example = `apiVersion: sluice.dev/v1
kind: Release
metadata: { name: checkout, namespace: shop }
target: { cluster: local, workload: deployment/checkout }
change: { images: { app: registry.local/checkout:v2 } }
strategy:
  mode: InPlaceIfPossible        # InPlaceOnly | Recreate | HotReload | BlueGreen
  gray: { pods: 1, select: { nodes: { zone: a } } }
  batches: [20%, 30%, 50%]       # counts or percentages; \`count: 4\` splits evenly
  maxUnavailable: 25%
  order: { spreadBy: topology.kubernetes.io/zone }
gates:
  afterGray: { bake: 5m, approval: { required: 1, from: [team-checkout], expires: 24h, onExpiry: hold } }
  afterBatch: { bake: 30s }
traffic:
  through:                       # drained in this order, restored in reverse
    - service: checkout
    - readinessGate: example.test/open
  quiet: 5s                      # this long without a connection counts as silence
  maxDrain: 60s
checks:
  - http: { path: /health, expect: 200 }
  - prometheus: { server: http://prometheus:9090, query: error_rate, max: 0.01 }
onFailure: Rollback              # or Hold
`;

describe('what is read', () => {
  it('the example of the design', () => {
    expect(parseSpec(example, 'release.yaml')).toMatchObject({
      metadata: { name: 'checkout', namespace: 'shop' },
      strategy: { gray: { pods: 1, select: { nodes: { zone: 'a' } } }, batches: ['20%', '30%', '50%'] },
      gates: { afterGray: { bake: '5m', approval: { expires: '24h' } }, afterBatch: { bake: '30s', approval: false } },
      traffic: { through: [{ service: 'checkout' }, { readinessGate: 'example.test/open' }], quiet: '5s' },
      checks: [{ http: { timeout: '5s' } }, { prometheus: { noData: 'unsure' } }],
    });
  });

  it.each([
    ['JSON', JSON.stringify({ target: { cluster: 'local', workload: 'deploy/x' }, change: { images: { a: 'b:1' } } })],
    [
      'JSON with tabs',
      '{\n\t"target": {"cluster": "local", "workload": "deploy/x"},\n\t"change": {"images": {"a": "b:1"}}\n}',
    ],
    ['a document between markers', ['# release', '---', ...head, '...', ''].join('\n')],
    ['an empty second document', [...head, '---', '# nothing', ''].join('\n')],
    ['line ends of Windows', head.join('\r\n')],
    ['anchors', ['change: &c { images: { app: a:1 } }', target].join('\n')],
  ])('%s', (_, text) => {
    expect(parseSpec(text, 'x').target.cluster).toBe('local');
  });
});

describe('positions', () => {
  it('of every problem in a file, in its order', () => {
    const text = [
      'target:', // 1
      '  workload: cronjob/db',
      'change:', // 3
      '  images:',
      '    app: 1.10',
      'strategy:', // 6
      '  maxUnavailable: 0',
      '  maxUnavailabel: 2',
      '  batches:', // 9
      '    - 20%',
      '    - 0%',
      'gates: {afterGray: {bake: 5}}', // 12
      'traffic:',
      '  through:',
      '    - service: checkout', // 15
      '    - servce: checkout',
      '    - checkout',
      'checks: [{http: {path: health, statu: 1}}]', // 18
      'onFailure:',
      '',
    ].join('\n');
    const error = refused(text);
    expect(places(error)).toEqual([
      '1:1 target.cluster',
      '2:13 target.workload',
      '5:10 change.images.app',
      '7:19 strategy.maxUnavailable',
      '8:3 strategy.maxUnavailabel',
      '11:7 strategy.batches[1]',
      '12:27 gates.afterGray.bake',
      '16:7 traffic.through[1].servce',
      '17:7 traffic.through[2]',
      '18:24 checks[0].http.path',
      '18:32 checks[0].http.statu',
      '19:1 onFailure',
    ]);
    const [first, , image, zero] = error.message.split('\n').slice(1);
    expect(error.message.split('\n')[0]).toBe('release.yaml has 12 problems:');
    expect(first).toBe(
      'release.yaml:1:1 target.cluster: found nothing; allowed: a name of at most 63 lower-case letters, digits and "-"',
    );
    expect(image).toBe(
      'release.yaml:5:10 change.images.app: found 1.10; allowed: an image reference, such as registry.local/checkout:v2; put it in quotes',
    );
    expect(zero).toBe(
      'release.yaml:7:19 strategy.maxUnavailable: found 0; allowed: a whole number of at least 1, or a percentage from 1% to 100%',
    );
  });

  it('as data, for bots', () => {
    const { code, details } = refused([...head, 'onFailure: Rolback'].join('\n'));
    expect(code).toBe('SPEC_INVALID');
    expect(details['problems']).toEqual([
      {
        where: 'release.yaml:3:12',
        file: 'release.yaml',
        line: 3,
        column: 12,
        field: 'onFailure',
        found: '"Rolback"',
        allowed: 'Rollback or Hold',
        hint: 'did you mean Rollback?',
      },
    ]);
  });

  it.each<[string, string, string[]]>([
    [
      'a block is shown at its key',
      `${head[0]}\n${head[1]}\ntraffic:\n  quiet: 1m\n  maxDrain: 30s`,
      ['5:13 traffic.maxDrain'],
    ],
    [
      'a list that is wrong as a whole',
      [...head, 'strategy:', '  batches:', '    - 60%', '    - 60%'].join('\n'),
      ['4:3 strategy.batches'],
    ],
    [
      'what stands behind an alias',
      ['change: { images: { app: a:1 } }', 'target: { cluster: &x A, workload: *x }'].join('\n'),
      ['2:23 target.cluster', '2:36 target.workload'],
    ],
    ['missing fields of a document with a comment', '# nothing yet\nmetadata: {}\n', ['2:1 target', '2:1 change']],
  ])('%s', (_, text, expected) => {
    expect(places(refused(text))).toEqual(expected);
  });

  it('of keys that stand there twice, together with other problems; the last one counts', () => {
    const error = refused(
      [...head, 'onFailure: Hold', 'gates:', '  afterGray: {}', '  afterGray: {bake: x}', 'onFailure: No'].join('\n'),
    );
    expect(places(error)).toEqual([
      '6:3 gates.afterGray',
      '6:21 gates.afterGray.bake',
      '7:1 onFailure',
      '7:12 onFailure',
    ]);
    expect(error.message).toContain(
      'release.yaml:7:1 onFailure: found it again; first in line 3; allowed: each field once',
    );
  });

  it('of keys that stand there twice, when nothing else is wrong', () => {
    expect(
      places(
        refused(
          '{"target": {"cluster": "a", "workload": "deploy/x"},\n "change": {"images": {"a": "b:1", "a": "b:2"}}}',
        ),
      ),
    ).toEqual(['2:36 change.images.a']);
  });
});

describe('what cannot be read', () => {
  it.each<[string, string, string]>([
    [
      'an open bracket',
      'target: [\nchange: x\n',
      'release.yaml:2:1: found broken YAML: Flow sequence in block collection must be sufficiently indented and end with a ]; allowed: one YAML or JSON document',
    ],
    [
      'an open quote',
      'target: "x\n',
      'release.yaml:2:1: found broken YAML: Missing closing "quote; allowed: one YAML or JSON document',
    ],
    [
      'a tab as indentation',
      'target:\n\tcluster: local\n',
      'release.yaml:2:1: found a tab as indentation; allowed: spaces',
    ],
    [
      'two releases',
      `${head.join('\n')}\n---\n${head.join('\n')}\n`,
      'release.yaml:4:1: found a second document (there are 2); allowed: one release in one file',
    ],
    [
      'nothing',
      '',
      'release.yaml:1:1: found an empty document; allowed: a release spec; `target` and `change` are needed',
    ],
    [
      'blanks and comments',
      '\n # soon\n---\n',
      'release.yaml:1:1: found an empty document; allowed: a release spec; `target` and `change` are needed',
    ],
    [
      'an alias of nothing',
      'target: *base\n',
      'release.yaml:1:9: found *base, an alias of an anchor that is not set; allowed: anchors that are set before, and used sparingly',
    ],
  ])('%s', (_, text, message) => {
    const error = refused(text);
    expect([error.code, error.message]).toEqual(['SPEC_UNREADABLE', message]);
  });

  it('aliases that multiply beyond all bounds', () => {
    const level = (name: string, of: string): string => `${name}: &${name} [${Array(20).fill(`*${of}`).join(', ')}]`;
    const error = refused(
      ['a: &a [x, x, x]', level('b', 'a'), level('c', 'b'), level('d', 'c'), level('e', 'd')].join('\n'),
    );
    expect(error.code).toBe('SPEC_UNREADABLE');
  });

  it('several broken lines at once', () => {
    const error = refused('a: b: c\nd: e: f\n');
    expect(error.code).toBe('SPEC_UNREADABLE');
    expect(error.message).toContain('release.yaml:1:4: found broken YAML');
  });
});

describe('flags over a file', () => {
  const flag = (path: string, value: unknown, from: string) => ({ path: path.split('.'), value, from });
  const file = (text: string) => ({ text, file: 'release.yaml' });

  it('win over what it says, and defaults yield to both', () => {
    const spec = readSpec({
      document: file([...head, 'strategy: { maxUnavailable: 3 }', 'onFailure: Hold'].join('\n')),
      overrides: [
        flag('strategy.maxUnavailable', '10%', '--max-unavailable'),
        flag('change.images.web', 'w:1', '--image'),
      ],
      defaults: [
        flag('target.cluster', 'other', ''),
        flag('onFailure', 'Rollback', ''),
        flag('metadata.namespace', 'n', ''),
      ],
    });
    expect(spec).toMatchObject({
      target: { cluster: 'local' },
      metadata: { namespace: 'n' },
      change: { images: { app: 'registry.local/checkout:v2', web: 'w:1' } },
      strategy: { maxUnavailable: '10%' },
      onFailure: 'Hold',
    });
  });

  it('do without a file', () => {
    const overrides = [
      flag('target.workload', 'deploy/x', 'the workload'),
      flag('change.images.app', 'a:1', '--image'),
    ];
    expect(readSpec({ overrides, defaults: [flag('target.cluster', 'local', '')] }).target).toEqual({
      cluster: 'local',
      workload: 'deploy/x',
    });
    const error = refusal({ overrides });
    expect(error.message).toMatch(/^target\.cluster: found nothing; allowed: a name/);
  });

  it('are named where they are wrong, the file where it is', () => {
    const error = refusal({
      document: file([target, 'change: { images: { app: "a b" } }', 'strategy: { maxUnavailable: 2 }'].join('\n')),
      overrides: [
        flag('strategy.gray.pods', '150%', '--gray'),
        flag('strategy.maxUnavailable', 0, '--max-unavailable'),
        flag('gates.afterGray.approval.required', 2, '--approvals'),
        flag('gates.afterGray.approval.from', ['anna'], '--approver'),
      ],
    });
    const wheres = (error.details['problems'] as { where: string; field: string }[]).map(
      ({ where, field }) => `${where} ${field}`,
    );
    expect(wheres).toEqual([
      '--gray strategy.gray.pods',
      '--max-unavailable strategy.maxUnavailable',
      '--approver gates.afterGray.approval.from',
      'release.yaml:2:26 change.images.app',
    ]);
  });

  it('an order that does not fit is told at its place', () => {
    const text = [
      target,
      'change:',
      '  images: { app: a:2, proxy: p:2 }',
      '  order: [proxy, [logger, app, proxy]]',
    ].join('\n');
    expect(places(refused(text))).toEqual(['4:19 change.order[1][0]', '4:32 change.order[1][2]']);
    const overrides = [flag('change.order', ['web'], '--order')];
    expect(refusal({ document: file(head.join('\n')), overrides }).message).toMatch(
      /^--order change\.order\[0\]: found "web", which does not change; allowed: containers of change\.images: app/,
    );
  });

  it('leave alone what is no mapping: the file is told so', () => {
    const error = refusal({
      document: file([...head, 'strategy: fast'].join('\n')),
      overrides: [flag('strategy.gray.pods', 2, '--gray')],
    });
    expect(places(error)).toEqual(['3:11 strategy']);
  });

  it('do not change what everything inherits', () => {
    const overrides = [{ path: ['change', 'images', '__proto__'], value: 'x:1', from: '--image' }];
    readSpec({ document: file(head.join('\n')), overrides });
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
    expect(Object.prototype).not.toHaveProperty('images');
  });
});

describe('files', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-spec-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are read as UTF-8', async () => {
    await writeFile(join(folder, 'release.yaml'), `\uFEFF${head.join('\n')} # für später\n`);
    expect(parseSpec(await readSpecText(join(folder, 'release.yaml')), 'release.yaml').target.cluster).toBe('local');
  });

  it('that cannot be read are refused with the reason', async () => {
    await writeFile(join(folder, 'binary'), Buffer.from([0xff, 0xfe, 0x00, 0xd8]));
    await expect(readSpecText(join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'SPEC_UNREADABLE',
      message: expect.stringMatching(/none\.yaml cannot be read: there is no such file\.$/),
    });
    await expect(readSpecText(folder)).rejects.toMatchObject({ message: expect.stringContaining('it is a directory') });
    await expect(readSpecText(join(folder, 'binary'))).rejects.toMatchObject({
      message: expect.stringContaining('it is not UTF-8 text'),
    });
  });
});
