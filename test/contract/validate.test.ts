import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { kinds } from '../../workflows/contract/kinds.ts';
import { registrySchemas } from '../../workflows/contract/registries.schema.ts';
import { checkSpec, validateSpec } from '../../workflows/contract/validate.schema.ts';
import { anyStrategy } from './observations.ts';

const needed = {
  target: { cluster: 'local', workload: 'deployment/checkout' },
  change: { images: { app: 'registry.local/checkout:v2' } },
};

function refusal(spec: unknown): SluiceError {
  try {
    validateSpec(spec);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a valid spec', () => {
  it('gets every default', () => {
    expect(validateSpec(needed)).toEqual({
      apiVersion: 'sluice.dev/v1',
      kind: 'Release',
      metadata: { namespace: 'default' },
      ...needed,
      change: { ...needed.change, pin: 'Digest', prePull: 'Auto', prePullTimeout: '10m' },
      strategy: {
        mode: 'InPlaceIfPossible',
        gray: { pods: 1 },
        batches: { count: 3 },
        maxUnavailable: '25%',
        disruptionBudgets: 'Respect',
        order: { spreadBy: 'topology.kubernetes.io/zone', arrange: 'Spread' },
        readyTimeout: '5m',
        progressDeadline: '10m',
        rollbackWindow: 1,
        rollback: 'AtOnce',
      },
      gates: {
        afterGray: { bake: '0s', approval: { required: 1, from: [], onExpiry: 'hold' } },
        afterBatch: { bake: '0s', approval: false },
      },
      traffic: { through: [], quiet: '5s', maxDrain: '60s', onDrainTimeout: 'Stop' },
      checks: [],
      notify: [],
      onFailure: 'Rollback',
    });
  });

  it('means the same when it is validated again: the client does, and then the activity', () => {
    const approval = fc.constantFrom(false as const, {}, { required: 2 });
    const gates = fc.record({ afterGray: fc.constantFrom({}, { bake: '5m' }), afterBatch: fc.record({ approval }) });
    fc.assert(
      fc.property(anyStrategy, gates, (strategy, chosen) => {
        const once = validateSpec({ ...needed, strategy, gates: chosen });
        expect(validateSpec(JSON.parse(JSON.stringify(once)))).toEqual(once);
      }),
    );
  });
});

/** Each line is the whole message. */
describe('says where, what was found and what is allowed', () => {
  const pods = 'a whole number of at least 1, or a percentage from 1% to 100%';
  const duration = 'a duration with a unit, such as 250ms, 30s, 5m, 24h or 1h30m';
  const label = 'a name of at most 63 lower-case letters, digits and "-"';
  const image = 'an image reference, such as registry.local/checkout:v2';
  const workload = `kind/name, such as deployment/checkout (kinds: ${Object.keys(kinds).join(', ')})`;
  const registries = Object.keys(registrySchemas);
  const sources = `one of \`service: <name>\`, \`readinessGate: <condition type>\`, ${registries.map((key) => `\`${key}: { … }\``).join(', ')}`;
  const ways = `service, readinessGate, ${registries.slice(0, -1).join(', ')} or ${registries.at(-1)}`;
  const approval = 'false, or a mapping with required, from, expires and onExpiry ({}: one approval by anybody)';

  it.each<[string, object, string]>([
    ['a count of 0', { strategy: { maxUnavailable: 0 } }, `strategy.maxUnavailable: found 0; allowed: ${pods}`],
    ['a negative count', { strategy: { gray: { pods: -1 } } }, `strategy.gray.pods: found -1; allowed: ${pods}`],
    [
      'a percentage of 0',
      { strategy: { batches: ['0%'] } },
      `strategy.batches[0]: found "0%"; allowed: ${pods}; or \`pods\` and \`select\``,
    ],
    [
      'a negative percentage',
      { strategy: { batches: ['-5%'] } },
      `strategy.batches[0]: found "-5%"; allowed: ${pods}; or \`pods\` and \`select\``,
    ],
    [
      'a percentage over 100',
      { strategy: { maxUnavailable: '101%' } },
      `strategy.maxUnavailable: found "101%"; allowed: ${pods}`,
    ],
    [
      'a number in quotes',
      { strategy: { batches: [1, '2'] } },
      `strategy.batches[1]: found "2"; allowed: ${pods}; or \`pods\` and \`select\`; without quotes it is a number`,
    ],
    [
      'levels instead of shares',
      { strategy: { batches: ['20%', '50%', '100%'] } },
      'strategy.batches: found 20%, 50%, 100%, together 170%; allowed: shares of the pods that remain after gray, each on its own (not cumulative), together at most 100%; if these are levels, write [20%, 30%, 50%]',
    ],
    [
      'too much, but no levels',
      { strategy: { batches: ['80%', '40%'] } },
      'strategy.batches: found 80%, 40%, together 120%; allowed: shares of the pods that remain after gray, each on its own (not cumulative), together at most 100%',
    ],
    [
      'a batch that says nothing',
      { strategy: { batches: [{}] } },
      'strategy.batches[0]: found an empty mapping; allowed: `pods`, `select` or both',
    ],
    [
      'a batch that selects without a condition',
      { strategy: { batches: [{ pods: 1, select: {} }] } },
      'strategy.batches[0].select: found an empty mapping; allowed: `names`, `labels`, `nodes` or `first`',
    ],
    ['no batch', { strategy: { batches: [] } }, 'strategy.batches: found an empty list; allowed: at least one entry'],
    [
      'a misspelt part of an alternative',
      { strategy: { batches: { cuont: 3 } } },
      'strategy.batches.cuont: found an unknown field; allowed: count; did you mean count?',
    ],
    [
      'a mode in other letters',
      { strategy: { mode: 'inPlaceonly' } },
      'strategy.mode: found "inPlaceonly"; allowed: InPlaceIfPossible, InPlaceOnly, Recreate, BlueGreen, Canary, HotReload or HotSwap; did you mean InPlaceOnly?',
    ],
    [
      'a misspelt field',
      { strategy: { maxUnavailabel: 1 } },
      'strategy.maxUnavailabel: found an unknown field; allowed: mode, blueGreen, canary, gray, batches, maxUnavailable, maxSurge, warmUp, disruptionBudgets, order, readyTimeout, failureThreshold, batchTimeout, progressDeadline, rollbackWindow or rollback; did you mean maxUnavailable?',
    ],
    [
      'a field in the wrong place',
      { maxUnavailable: 1 },
      'maxUnavailable: found an unknown field; allowed: apiVersion, kind, metadata, target, change, strategy, gates, traffic, checks, notify or onFailure; it belongs in strategy',
    ],
    ['text for a mapping', { gates: 'none' }, 'gates: found "none"; allowed: a mapping with afterGray and afterBatch'],
    [
      'nothing for a mapping',
      { gates: null },
      'gates: found nothing (null); allowed: a mapping with afterGray and afterBatch',
    ],
    [
      'a number for a duration',
      { gates: { afterGray: { bake: 5 } } },
      `gates.afterGray.bake: found 5; allowed: ${duration}; did you mean 5s?`,
    ],
    [
      'true for an approval',
      { gates: { afterBatch: { approval: true } } },
      `gates.afterBatch.approval: found true; allowed: ${approval}`,
    ],
    [
      'more approvals than approvers',
      { gates: { afterGray: { approval: { required: 2, from: ['anna', 'anna'] } } } },
      'gates.afterGray.approval.from: found ["anna", "anna"]; allowed: at least 2 different names, as `required` says, or none: anybody',
    ],
    [
      'no wait for an approval',
      { gates: { afterGray: { approval: { expires: '0s' } } } },
      'gates.afterGray.approval.expires: found "0s"; allowed: a duration longer than zero, such as 30s, 5m, 24h or 1h30m',
    ],
    [
      'a way out of traffic by a misspelt name',
      { traffic: { through: [{ servce: 'checkout' }] } },
      `traffic.through[0].servce: found an unknown field; allowed: ${ways}; did you mean service?`,
    ],
    [
      'a way out of traffic as text',
      { traffic: { through: ['checkout'] } },
      `traffic.through[0]: found "checkout"; allowed: ${sources}`,
    ],
    [
      'two ways in one entry',
      { traffic: { through: [{ service: 'a', readinessGate: 'b' }] } },
      `traffic.through[0]: found service and readinessGate in one entry; allowed: one of ${ways}; write an entry for each`,
    ],
    [
      'an empty way',
      { traffic: { through: [{}] } },
      `traffic.through[0]: found an empty mapping; allowed: one of ${ways}`,
    ],
    [
      'a field too many beside a way',
      { traffic: { through: [{ service: 'a', port: 80 }] } },
      `traffic.through[0].port: found an unknown field; allowed: ${ways}`,
    ],
    [
      'a drain that cannot succeed',
      { traffic: { quiet: '2m', maxDrain: '60s' } },
      'traffic.maxDrain: found "60s"; allowed: at least traffic.quiet, which is 2m',
    ],
    [
      'a way to see silence by an image that may change',
      { traffic: { silence: { ephemeralContainer: { image: 'busybox:1.36' } } } },
      'traffic.silence.ephemeralContainer.image: found "busybox:1.36"; allowed: an image with its digest, such as registry.example/busybox@sha256:…',
    ],
    [
      'a query that is the same for all pods',
      { traffic: { silence: { prometheus: { server: 'http://p:9090', query: 'sum(in_flight)' } } } },
      'traffic.silence.prometheus.query: found "sum(in_flight)"; allowed: PromQL about one pod, with {pod} or {ip} in a label, such as `sum(in_flight{pod="{pod}"})`',
    ],
    [
      'a query about the past',
      { traffic: { silence: { prometheus: { server: 'http://p:9090', query: 'a{pod="{pod}"} offset 5m' } } } },
      'traffic.silence.prometheus.query: found "a{pod=\\"{pod}\\"} offset 5m"; allowed: a query about now: without `offset` and `@`, and with ranges such as [1m]',
    ],
    [
      'a query that reaches back further than a drain lasts',
      { traffic: { silence: { prometheus: { server: 'http://p:9090', query: 'rate(a{pod="{pod}"}[1m])' } } } },
      'traffic.maxDrain: found 60s; allowed: at least 1m5s: traffic.quiet and how far back silence.prometheus.query reaches',
    ],
    [
      'two ways to see silence',
      {
        traffic: {
          silence: {
            prometheus: { server: 'http://p:9090', query: 'a{ip="{ip}"}' },
            ephemeralContainer: { image: `b@sha256:${'1'.repeat(64)}` },
          },
        },
      },
      'traffic.silence: found prometheus and ephemeralContainer in one entry; allowed: one of ephemeralContainer or prometheus; write an entry for each',
    ],
    [
      'a warm-up where no pod waits for another',
      { strategy: { mode: 'BlueGreen', warmUp: '30s' } },
      'strategy.warmUp: found it, with mode BlueGreen; allowed: a `bake` in `gates` instead: with mode BlueGreen no pod waits for another',
    ],
    [
      'a warm-up of no time',
      { strategy: { warmUp: '0s' } },
      'strategy.warmUp: found "0s"; allowed: a duration longer than zero, such as 30s, 5m, 24h or 1h30m; or `for` with `weights`, such as {for: 2m, weights: [10%, 50%]}',
    ],
    [
      'weights without a time',
      { strategy: { warmUp: { weights: ['10%'] } } },
      'strategy.warmUp.for: found nothing; allowed: a duration longer than zero, such as 30s, 5m, 24h or 1h30m',
    ],
    [
      'all of the weight before the time is over',
      { strategy: { warmUp: { for: '2m', weights: ['50%', '100%'] } } },
      'strategy.warmUp.weights[1]: found "100%"; allowed: a whole percentage from 1% to 99%',
    ],
    [
      'weights that fall',
      { strategy: { warmUp: { for: '2m', weights: ['10%', '50%', '50%'] } } },
      'strategy.warmUp.weights[2]: found 50%; allowed: more than 50%, the share before it',
    ],
    [
      'a check by a misspelt name',
      { checks: [{ htpp: {} }] },
      'checks[0].htpp: found an unknown field; allowed: http or prometheus; did you mean http?',
    ],
    [
      'a part of a check',
      { checks: [{ http: { expect: 99 } }] },
      'checks[0].http.expect: found 99; allowed: a whole number from 100 to 599',
    ],
    [
      'a check without a bound',
      { checks: [{ prometheus: { server: 'http://p', query: 'up' } }] },
      'checks[0].prometheus: found a mapping with server, query; allowed: `max` or `min`, or both',
    ],
    [
      'an address, of which only the host is repeated',
      { notify: [{ webhook: { url: 'ftp://anna:secret@hooks.test/T00/token' } }] },
      'notify[0].webhook.url: found "ftp://hooks.test/…"; allowed: an http or https address',
    ],
    [
      'another kind of workload',
      { target: { cluster: 'local', workload: 'cronjob/db' } },
      `target.workload: found "cronjob/db"; allowed: ${workload}`,
    ],
    [
      'a workload without its kind',
      { target: { cluster: 'local', workload: 'checkout' } },
      `target.workload: found "checkout"; allowed: ${workload}`,
    ],
    ['a missing field', { target: { workload: 'deploy/x' } }, `target.cluster: found nothing; allowed: ${label}`],
    [
      'an image with a space',
      { change: { images: { app: 'a b' } } },
      `change.images.app: found "a b"; allowed: ${image}`,
    ],
    [
      'an image whose tag is empty',
      { change: { images: { app: 'a:' } } },
      `change.images.app: found "a:"; allowed: ${image}`,
    ],
    [
      'a number as image',
      { change: { images: { app: 2 } } },
      `change.images.app: found 2; allowed: ${image}; put it in quotes`,
    ],
    [
      'no image',
      { change: { images: {} } },
      'change.images: found an empty mapping; allowed: at least one container with its image',
    ],
    [
      'neither images nor a restart',
      { change: { pin: 'Tag' } },
      'change: found none of images, template, restart, revision, reload and hotSwap; allowed: images, template or both; or restart, revision, reload or hotSwap alone',
    ],
    [
      'images and a restart',
      { change: { images: { app: 'a:2' }, restart: true } },
      'change.restart: found images and restart; allowed: images, template or both; or restart, revision, reload or hotSwap alone',
    ],
    [
      'an image in two places',
      { change: { images: { app: 'a:2' }, template: { spec: { containers: [{ name: 'app', image: 'a:3' }] } } } },
      'change.images.app: found one here, and one in change.template; allowed: the image of a container in one place',
    ],
    [
      'an empty template',
      { change: { template: {} } },
      'change.template: found an empty mapping; allowed: `metadata` or `spec`',
    ],
    [
      'a restart that is none',
      { change: { restart: false } },
      'change.restart: found false; allowed: true, or a list of containers',
    ],
    [
      'a restart of nothing',
      { change: { restart: [] } },
      'change.restart: found an empty list; allowed: at least one entry',
    ],
    [
      'a container to restart that cannot be',
      { change: { restart: ['my.App'] } },
      `change.restart[0]: found "my.App"; allowed: ${label}`,
    ],
    [
      'an order with a container that does not change',
      { change: { images: { app: 'a:2', proxy: 'p:2' }, order: ['proxy', 'logger'] } },
      'change.order[1]: found "logger", which does not change; allowed: containers of change.images: app, proxy',
    ],
    [
      'an order of a restart of others',
      { change: { restart: ['app'], order: ['proxy'] } },
      'change.order[0]: found "proxy", which does not change; allowed: containers of change.restart: app',
    ],
    [
      'an order with a container twice',
      { change: { images: { app: 'a:2', proxy: 'p:2' }, order: ['proxy', ['app', 'proxy']] } },
      'change.order[1][1]: found "proxy" once more; allowed: each container once',
    ],
    [
      'an order of all containers with one twice',
      { change: { restart: true, order: ['proxy', 'proxy'] } },
      'change.order[1]: found "proxy" once more; allowed: each container once',
    ],
    [
      'an order of nothing',
      { change: { images: { app: 'a:2' }, order: [] } },
      'change.order: found an empty list; allowed: at least one entry',
    ],
    [
      'an empty group in an order',
      { change: { images: { app: 'a:2' }, order: [[]] } },
      'change.order[0]: found an empty list; allowed: at least one entry',
    ],
    [
      'an order that is no list',
      { change: { images: { app: 'a:2' }, order: 'app' } },
      'change.order: found "app"; allowed: a list of containers, or of lists of containers',
    ],
    [
      'a number in an order',
      { change: { images: { app: 'a:2' }, order: [1] } },
      `change.order[0]: found 1; allowed: ${label} or a list of containers`,
    ],
    [
      'a container that cannot be',
      { change: { images: { 'my.App': 'a:2' } } },
      `change.images["my.App"]: found the key "my.App"; allowed: ${label}`,
    ],
    [
      'an empty selection',
      { strategy: { gray: { select: {} } } },
      'strategy.gray.select: found an empty mapping; allowed: `names`, `labels`, `nodes` or `first`',
    ],
    ['another document', { kind: 'Deployment' }, 'kind: found "Deployment"; allowed: Release'],
  ])('%s', (_, change, message) => {
    expect(refusal({ ...needed, ...change }).message).toBe(message);
  });

  it.each([
    [undefined, 'nothing'],
    [null, 'nothing (null)'],
    ['release', '"release"'],
    [[1], '[1]'],
    [7, '7'],
  ])('%j in place of the whole document', (spec, found) => {
    expect(refusal(spec).message).toContain(`found ${found}; allowed: a mapping with apiVersion, kind,`);
  });
});

describe('the error', () => {
  it('has all problems at once, as text and as data', () => {
    const error = refusal({ strategy: { maxUnavailable: 0, mode: 'Sideways' }, foo: 1 });
    expect(error.code).toBe('SPEC_INVALID');
    expect(error.message.split('\n')).toEqual([
      'The release spec has 5 problems:',
      'target: found nothing; allowed: a mapping with cluster and workload',
      'change: found nothing; allowed: a mapping with images, template, restart, revision, reload, hotSwap, order, pin, prePull and prePullTimeout',
      expect.stringMatching(/^strategy\.mode: found "Sideways"/),
      expect.stringMatching(/^strategy\.maxUnavailable: found 0/),
      expect.stringMatching(/^foo: found an unknown field/),
    ]);
    expect(error.details['problems']).toHaveLength(5);
    expect(error.details['problems']).toContainEqual({
      field: 'strategy.maxUnavailable',
      found: '0',
      allowed: 'a whole number of at least 1, or a percentage from 1% to 100%',
    });
  });

  it('shortens what was found, and shows control characters harmlessly', () => {
    expect(refusal({ ...needed, onFailure: 'x'.repeat(500) }).message.length).toBeLessThan(200);
    expect(refusal({ ...needed, onFailure: '\u001B[2J' }).message).toContain(String.raw`"\u001b[2J"`);
  });

  it('comes for any value at all; nothing else is thrown', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom('strategy', 'traffic', 'checks', 'gates'),
        (value, key) => {
          for (const spec of [value, { ...needed, [key]: value }]) {
            const { problems = [] } = checkSpec(spec);
            for (const { found, allowed } of problems) expect(found !== '' && allowed !== '').toBe(true);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
