import { describe, expect, it } from 'vitest';
import { type ErrorCode, SluiceError } from '../../workflows/contract/errors.ts';
import type { Observation, ObservedPod } from '../../workflows/contract/observation.ts';
import type { Plan, PlanWarning } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import type { ReleaseSpec, ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { observe, pod, podsOf, quietFindings, specOf } from './observations.ts';

const sizes = ({ batches }: Plan): number[] => batches.map(({ pods }) => pods.length);
const namesOf = ({ batches }: Plan, index: number): string[] => (batches[index]?.pods ?? []).map(({ name }) => name);

type Strategy = ReleaseSpecInput['strategy'];
const plan = (strategy: Strategy, pods = podsOf(12), more: Partial<Observation> = {}): Plan =>
  planRelease(specOf({ strategy }), observe(pods, more));

function refusal(spec: ReleaseSpec, observation: Observation): SluiceError {
  try {
    planRelease(spec, observation);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

const warningsOf = (given: Plan, code: PlanWarning['code']): string[] =>
  given.warnings.filter((warning) => warning.code === code).map(({ message }) => message);

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

it('a Service that a terminated release left open must be gone through, or closed by hand', () => {
  const left = { findings: { ...quietFindings, openServices: ['checkout', 'web'], services: ['checkout', 'web'] } };
  const error = refusal(specOf(), observe(podsOf(2), left));
  expect(error).toMatchObject({ code: 'WORKLOAD_UNFIT', next: expect.stringContaining('`service: web`') });
  expect(
    planRelease(
      specOf({ traffic: { through: [{ service: 'checkout' }, { service: 'web' }] } }),
      observe(podsOf(2), left),
    ).batches,
  ).toHaveLength(2);
});

describe('batches', () => {
  it('scenario 15: five steps of equal share with 5 replicas bring 1, 2, 3, 4, 5 pods', () => {
    const given = plan({ gray: { pods: '20%' }, batches: ['25%', '25%', '25%', '25%'] }, podsOf(5));
    expect(sizes(given)).toEqual([1, 1, 1, 1, 1]);
  });

  it('scenario 15: five steps with 3 replicas still end right', () => {
    expect(sizes(plan({ batches: ['20%', '20%', '20%', '20%', '20%'] }, podsOf(3)))).toEqual([1, 1, 1]);
  });

  it('scenario 16: the smallest share of 4 replicas is at least one pod', () => {
    expect(sizes(plan({ gray: { pods: '1%' }, batches: ['1%', '99%'] }, podsOf(4)))).toEqual([1, 1, 2]);
  });

  it.each<[string, number, NonNullable<Strategy>['batches'], number[]]>([
    ['the shares of the design', 12, ['20%', '30%', '50%'], [1, 2, 4, 5]],
    ['counts', 12, [2, 4, 5], [1, 2, 4, 5]],
    ['counts and percentages', 11, [2, '30%', '50%'], [1, 2, 3, 5]],
    ['a split into even batches, the rest to the later ones', 12, { count: 4 }, [1, 2, 3, 3, 3]],
    ['more batches than pods', 4, { count: 10 }, [1, 1, 1, 1]],
    ['counts beyond the pods', 4, [2, 5, 5], [1, 2, 1]],
    ['thirds', 11, ['33%', '33%', '34%'], [1, 3, 4, 3]],
    ['one pod: only gray', 1, ['50%', '50%'], [1]],
  ])('%s', (_, count, batches, expected) => {
    expect(sizes(plan({ ...(batches && { batches }) }, podsOf(count)))).toEqual(expected);
  });

  it('makes a last batch of what is left over, and says so', () => {
    const given = plan({ batches: ['20%', '30%'] });
    expect(sizes(given)).toEqual([1, 2, 4, 5]);
    expect(warningsOf(given, 'LEFTOVER_BATCH')).toEqual(['strategy.batches leaves 5 pods over, which make batch-3.']);
    expect(warningsOf(plan({ batches: ['50%', '50%'] }), 'LEFTOVER_BATCH')).toEqual([]);
  });

  it('plans five thousand pods on as many nodes without delay', () => {
    const many = Array.from({ length: 5000 }, (_, index) => pod(`p${index}`, `z${index % 7}`));
    const began = performance.now();
    const spec = { order: { spreadBy: 'kubernetes.io/hostname' }, gray: { pods: '50%' } } satisfies Strategy;
    expect(plan(spec, many).batches.flatMap(({ pods }) => pods)).toHaveLength(5000);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('the gray group', () => {
  it.each<[string, NonNullable<Strategy>['gray'], string[]]>([
    ['by default the first pod', {}, ['p00']],
    ['a percentage, rounded up', { pods: '10%' }, ['p00', 'p01']],
    [
      'all of them',
      { pods: 100 },
      ['p00', 'p01', 'p02', 'p03', 'p04', 'p05', 'p06', 'p07', 'p08', 'p09', 'p10', 'p11'],
    ],
    ['by zone', { pods: 2, select: { nodes: { zone: 'b' } } }, ['p01', 'p04']],
    ['by the whole name of a node label', { select: { nodes: { 'kubernetes.io/hostname': 'node-p07' } } }, ['p07']],
    ['by names, all of them', { select: { names: ['p05', 'p03'] } }, ['p03', 'p05']],
    ['by several conditions at once', { pods: 3, select: { names: ['p01', 'p02'], nodes: { zone: 'b' } } }, ['p01']],
  ])('%s', (_, gray, expected) => {
    expect(namesOf(plan({ ...(gray && { gray }) }), 0).toSorted()).toEqual(expected);
  });

  it('by labels of the pods', () => {
    const pods = podsOf(6).map((one, index) => (index === 4 ? { ...one, labels: { track: 'canary' } } : one));
    expect(namesOf(plan({ gray: { select: { labels: { track: 'canary' } } } }, pods), 0)).toEqual(['p04']);
  });

  it('says so when the selection has fewer pods than the group should', () => {
    const given = plan({ gray: { pods: 6, select: { nodes: { zone: 'a' } } } });
    expect(sizes(given)[0]).toBe(4);
    expect(warningsOf(given, 'GRAY_SMALLER')).toEqual([
      'strategy.gray.select matches only 4 pods to change; strategy.gray.pods asks for 6.',
    ]);
  });

  it.each<[string, NonNullable<Strategy>['gray'], string]>([
    [
      'a name without a pod',
      { select: { names: ['p01', 'nope'] } },
      'strategy.gray.select.names: found nope; allowed: pods of deployment/checkout: p00, p01, p02, p03',
    ],
    [
      'a condition that no node meets',
      { select: { nodes: { zone: 'x' } } },
      'strategy.gray.select: found conditions that no pod meets; allowed: conditions that at least one pod of deployment/checkout meets; zone is a, b, c',
    ],
    [
      'a label that no pod has',
      { select: { labels: { track: 'canary' } } },
      'strategy.gray.select: found conditions that no pod meets; allowed: conditions that at least one pod of deployment/checkout meets; track is nowhere set',
    ],
  ])('refuses %s', (_, gray, message) => {
    const error = refusal(specOf({ strategy: { ...(gray && { gray }) } }), observe(podsOf(4)));
    expect([error.code, error.message]).toEqual(['SPEC_INVALID', message]);
  });

  it('refuses a selection of nothing but pods that are new already', () => {
    const [first, ...others] = podsOf(3);
    const pods = [{ ...(first ?? pod('p00', 'a')), images: { app: 'r.test/checkout:v2' } }, ...others];
    const error = refusal(specOf({ strategy: { gray: { select: { names: ['p00'] } } } }), observe(pods));
    expect(error.message).toContain('only a pod that runs the new version already');
  });
});

describe('order', () => {
  it('takes pods that are not ready first, then from each zone in turn, by name', () => {
    const pods = podsOf(7, ['a', 'a', 'b']).map((one) => ({ ...one, ready: one.name !== 'p04' }));
    const given = plan({ batches: ['100%'] }, pods);
    expect([namesOf(given, 0), namesOf(given, 1)]).toEqual([['p04'], ['p00', 'p02', 'p01', 'p05', 'p03', 'p06']]);
  });

  it('takes pods on lost nodes last, ready or not', () => {
    const lost = ['p00', 'p04'];
    const pods = podsOf(6).map((one) => ({ ...one, nodeReady: !lost.includes(one.name), ready: one.name !== 'p04' }));
    const given = plan({ batches: { count: 2 } }, pods);
    expect(namesOf(given, 0)).not.toEqual(expect.arrayContaining(lost));
    expect(namesOf(given, 2).slice(-2).toSorted()).toEqual(lost);
  });

  it('goes on from the zones of the pods that are not ready', () => {
    const pods = podsOf(7, ['a', 'b']).map((one) => ({ ...one, ready: one.name !== 'p00' && one.name !== 'p02' }));
    const given = plan({ gray: { select: { names: ['p06'] } }, batches: ['100%'] }, pods);
    expect(namesOf(given, 1)).toEqual(['p00', 'p02', 'p01', 'p03', 'p04', 'p05']);
  });

  it('spreads each batch for itself, whatever the batches before it took', () => {
    const down = { ready: false };
    const pods = [
      pod('gray', 'a'),
      pod('n1', 'a', down),
      pod('n2', 'a', down),
      pod('r1', 'b'),
      pod('r2', 'b'),
      pod('r3', 'b'),
      pod('r4', 'a'),
    ];
    const given = plan({ gray: { select: { names: ['gray'] } }, batches: [2, '100%'] }, pods);
    expect([namesOf(given, 1), namesOf(given, 2)]).toEqual([
      ['n1', 'n2'],
      ['r4', 'r1', 'r2', 'r3'],
    ]);
  });

  it('takes numbered pods by their number, the highest first, whatever their zones; those that are not ready before', () => {
    const pods = Array.from({ length: 11 }, (_, ordinal) =>
      pod(`db-${ordinal}`, ordinal % 2 === 0 ? 'a' : 'b', { ordinal, ready: ordinal !== 3 }),
    );
    const given = plan({ gray: { pods: 2 }, batches: ['100%'] }, pods);
    const order = given.batches.flatMap((batch) => batch.pods.map(({ name }) => Number(name.slice(3))));
    expect(order).toEqual([3, 10, 9, 8, 7, 6, 5, 4, 2, 1, 0]);
  });

  describe('in an order that people choose', () => {
    /** p00 is the oldest; nodes in turn in zones a, b, c. */
    const aged = (count: number): ObservedPod[] =>
      podsOf(count).map((one, index) => ({
        ...one,
        nodeLabels: { 'topology.kubernetes.io/zone': 'abc'[index % 3] ?? '', 'kubernetes.io/hostname': `n${index}` },
        createdAt: `2026-01-0${index + 1}T00:00:00Z`,
      }));
    const order = (chosen: NonNullable<Strategy>['order'], pods = aged(6)): string =>
      planRelease(specOf({ strategy: { order: chosen, batches: [1, 1, 1, 1, 1] } }), observe(pods))
        .batches.flatMap((batch) => batch.pods.map(({ name }) => name.slice(2)))
        .join(' ');

    it.each<[string, NonNullable<Strategy>['order'], string]>([
      ['the newest first, zones in turn', { first: 'Newest' }, '5 4 3 2 1 0'],
      ['the oldest first, zones in turn', { first: 'Oldest' }, '0 1 2 3 4 5'],
      ['zone after zone', { arrange: 'Pack' }, '0 3 1 4 2 5'],
      ['zone after zone, the newest first', { arrange: 'Pack', first: 'Newest' }, '5 4 1 3 0 2'],
    ])('%s', (_, chosen, expected) => {
      // Gray takes one, then each batch the next of what is left.
      expect(order(chosen)).toBe(expected);
    });

    it('ordinals, up or down, whatever the zones; unless age is asked for', () => {
      const pods = aged(4).map((one, index) => ({ ...one, ordinal: index }));
      expect(order({}, pods)).toBe('3 2 1 0');
      expect(order({ first: 'LowestOrdinal' }, pods)).toBe('0 1 2 3');
      expect(
        order(
          { first: 'Oldest' },
          pods.map((one) => ({ ...one, ordinal: 3 - one.ordinal })),
        ),
      ).toBe('0 1 2 3');
    });

    it('chosen by the name of their node', () => {
      const spec = specOf({ strategy: { gray: { select: { nodes: { node: 'n4' } } } } });
      expect(planRelease(spec, observe(aged(6))).batches[0]?.pods.map(({ name }) => name)).toEqual(['p04']);
    });
  });

  it('spreads by any node label, also under its short name', () => {
    expect(plan({ order: { spreadBy: 'zone' } })).toEqual(plan({}));
    const byHost = plan({ order: { spreadBy: 'kubernetes.io/hostname' } });
    expect(byHost.batches[0]?.pods[0]?.zone).toBe('node-p00');
  });
});

describe('the change', () => {
  const change = (images: Record<string, string>, pin: 'Digest' | 'Tag' = 'Digest') =>
    specOf({ change: { images, pin } });
  const known = { findings: { ...quietFindings, digests: { app: digest } } };

  it('is pinned to the digest that the registry names', () => {
    const { change: made } = planRelease(change({ app: 'r.test/checkout:v2' }), observe(podsOf(2), known));
    expect(made).toEqual({
      from: { app: 'r.test/checkout:v1' },
      to: { app: `r.test/checkout:v2@${digest}` },
      version: 'v2',
      fromVersion: 'v1',
    });
  });

  it.each<[string, string, 'Digest' | 'Tag', string, string]>([
    ['as written with `pin: Tag`', 'r.test/checkout:v2', 'Tag', 'r.test/checkout:v2', 'v2'],
    ['a digest stays', `r.test/checkout@${digest}`, 'Digest', `r.test/checkout@${digest}`, 'sha256:0123456789ab'],
    ['a registry with a port is no tag', 'r.test:5000/checkout', 'Tag', 'r.test:5000/checkout', 'latest'],
  ])('%s', (_, image, pin, to, version) => {
    const { change: made } = planRelease(change({ app: image }, pin), observe(podsOf(2), known));
    expect([made.to['app'], made.version]).toEqual([to, version]);
  });

  it('shows digests where the tags are the same', () => {
    const old = `r.test/checkout:v2@sha256:${'f'.repeat(64)}`;
    const pods = podsOf(2).map((one) => ({ ...one, images: { app: old } }));
    const made = planRelease(specOf(), observe(pods, { ...known, templateImages: { app: old } })).change;
    expect([made.fromVersion, made.version]).toEqual(['v2@sha256:ffffffffffff', 'v2@sha256:0123456789ab']);
  });

  it('has only the containers that change', () => {
    const images = { app: 'r.test/checkout:v1', proxy: 'r.test/proxy:7' };
    const observation = observe(
      podsOf(2).map((one) => ({ ...one, images })),
      { templateImages: images },
    );
    const given = planRelease(change({ proxy: 'r.test/proxy:8', app: 'r.test/checkout:v1' }), observation);
    expect([given.change.from, given.change.to, given.change.version]).toEqual([
      { proxy: 'r.test/proxy:7' },
      { proxy: 'r.test/proxy:8' },
      '8',
    ]);
  });

  it('leaves pods alone that run it already, and says so', () => {
    const pods = podsOf(4).map((one, index) => (index < 2 ? { ...one, images: { app: 'r.test/checkout:v2' } } : one));
    const given = plan({}, pods);
    expect(given.batches.flatMap((batch) => batch.pods.map(({ name }) => name)).toSorted()).toEqual(['p02', 'p03']);
    expect(warningsOf(given, 'MIXED_VERSIONS')).toEqual([
      '2 pods of deployment/checkout have the new images already and are in no batch.',
    ]);
  });

  it('finishes what is only left to commit: no batch, but the template changes', () => {
    const pods = podsOf(2).map((one) => ({ ...one, images: { app: 'r.test/checkout:v2' } }));
    const given = plan({}, pods);
    expect(given.batches).toEqual([]);
    expect(given.change.to).toEqual({ app: 'r.test/checkout:v2' });
  });

  it('keeps with a pod the images that it had, where they are not those of the template', () => {
    const images = { app: 'r.test/checkout:v0', sidecar: 'injected:1' };
    const pods = podsOf(3).map((one) => (one.name === 'p01' ? { ...one, images } : one));
    const given = plan({}, pods);
    const planned = given.batches.flatMap((batch) => batch.pods);
    expect(planned.filter(({ from }) => from !== undefined)).toMatchObject([
      { name: 'p01', from: { app: 'r.test/checkout:v0' } },
    ]);
    expect(warningsOf(given, 'MIXED_VERSIONS')).toEqual([
      '1 pod of deployment/checkout runs other images than its template (p01: app=r.test/checkout:v0); a rollback brings each back to its own.',
    ]);
  });
});

describe('refusals', () => {
  const v2 = { app: 'r.test/checkout:v2' };
  const allNew = podsOf(3).map((one) => ({ ...one, images: v2 }));

  it.each<[string, ErrorCode, ReleaseSpec, Observation, RegExp]>([
    [
      'an unknown container',
      'CONTAINER_NOT_FOUND',
      specOf({ change: { images: { web: 'a:2' } } }),
      observe(podsOf(2), { templateImages: { app: 'a:1', proxy: 'b:1' } }),
      /no container web; it has app, proxy\./,
    ],
    [
      'the image that all have',
      'IMAGE_UNCHANGED',
      specOf(),
      observe(allNew, { templateImages: v2 }),
      /Every pod of deployment\/checkout, and its template, has app=r\.test\/checkout:v2 already\./,
    ],
    [
      'the tag that all have, though a digest is known',
      'IMAGE_UNCHANGED',
      specOf(),
      observe(allNew, { templateImages: v2, findings: { ...quietFindings, digests: { app: digest } } }),
      /already/,
    ],
    [
      'a DaemonSet without a node',
      'NO_PODS',
      specOf(),
      observe([], { target: { cluster: 'local', namespace: 'shop', kind: 'daemonset', name: 'agent' } }),
      /daemonset\/agent is for no node that there is\./,
    ],
    [
      'ordinals of pods that have none',
      'SPEC_INVALID',
      specOf({ strategy: { order: { first: 'HighestOrdinal' } } }),
      observe(podsOf(3)),
      /^strategy\.order\.first: found HighestOrdinal; allowed: Newest or Oldest: the pods of .* have no ordinals$/,
    ],
    ['a workload that is scaled to 0', 'NO_PODS', specOf(), observe([]), /is scaled to 0\./],
    ['a workload without a pod', 'NO_PODS', specOf(), observe([], { replicas: 3 }), /None of the 3 pods/],
    [
      'a readiness gate that is not declared',
      'WORKLOAD_UNFIT',
      specOf({ traffic: { through: [{ readinessGate: 'x.test/open' }] } }),
      observe(podsOf(1), { readinessGates: ['y.test/other'] }),
      /does not declare the readiness gate x\.test\/open; it declares y\.test\/other\./,
    ],
  ])('%s', (_, code, spec, observation, message) => {
    const error = refusal(spec, observation);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  it('tells how to release a tag that was moved', () => {
    const findings = { ...quietFindings, digests: { app: digest } };
    const error = refusal(specOf(), observe(allNew, { templateImages: v2, findings }));
    expect(error.next).toContain(`r.test/checkout:v2@${digest}`);
  });
});

describe('gates, writes, estimate', () => {
  it('has a gate after each batch, the last one too', () => {
    const given = planRelease(
      specOf({
        strategy: { batches: { count: 2 } },
        gates: {
          afterGray: { bake: '5m', approval: { required: 2, from: ['anna', 'ben'], expires: '24h' } },
          afterBatch: { bake: '30s' },
        },
      }),
      observe(podsOf(5)),
    );
    expect(given.batches.map(({ gate }) => gate)).toEqual([
      {
        id: 'after-gray',
        bakeMs: 300_000,
        approval: { required: 2, from: ['anna', 'ben'], expiresMs: 86_400_000, onExpiry: 'hold' },
      },
      { id: 'after-batch-1', bakeMs: 30_000 },
      { id: 'after-batch-2', bakeMs: 30_000 },
    ]);
  });

  it('asks for one approval after gray unless the spec says that nobody is asked', () => {
    const approvalOf = (afterGray: NonNullable<ReleaseSpecInput['gates']>['afterGray']) =>
      planRelease(specOf({ gates: { afterGray } }), observe(podsOf(3))).batches.map(({ gate }) => gate.approval);
    const one = { required: 1, from: [], onExpiry: 'hold' };
    expect(approvalOf({})).toEqual([one, undefined, undefined]);
    expect(approvalOf({ bake: '1m' })).toEqual([one, undefined, undefined]);
    expect(approvalOf({ approval: false })).toEqual([undefined, undefined, undefined]);
  });

  it('names what is written besides the pods, in order', () => {
    expect(plan({}).writes).toEqual([
      'Pause deployment/checkout and mark it as held (annotations sluice.dev/release, sluice.dev/before).',
      'Label the template of its ReplicaSet and all its pods sluice.dev/serving=true.',
      'Add sluice.dev/serving to the selector of Service checkout: from then on a pod is drained by its label.',
      'After the last batch: set app=r.test/checkout:v2 in the template of deployment/checkout, then in that of its ReplicaSet.',
      'Keep the old version as a ReplicaSet of 0 pods, for `kubectl rollout undo`.',
      'Take sluice.dev/serving out of the selector of Service checkout, then off the template of its ReplicaSet and the pods.',
      'Take the annotations off deployment/checkout and resume it.',
    ]);
    const image = `r.test/busybox@sha256:${'1'.repeat(64)}`;
    const traffic = { through: [{ service: 'checkout' }], silence: { ephemeralContainer: { image } } };
    const seen = planRelease(specOf({ traffic }), observe(podsOf(12)));
    expect(seen.traffic.silence).toEqual({ ephemeralContainer: { image } });
    expect(seen.writes[3]).toBe(
      `In each pod whose containers cannot run cat: add an ephemeral container of ${image} that sees its connections. It ends by itself; nobody can take it out of the pod again.`,
    );
    const undrained = planRelease(specOf({ traffic: {} }), observe(podsOf(2), { paused: true }));
    expect(undrained.writes.some((write) => write.includes('sluice.dev/serving'))).toBe(false);
    expect(undrained.writes.at(-1)).toBe(
      'Take the annotations off deployment/checkout and leave it paused, as it was.',
    );
  });

  it('names the writes to a StatefulSet as they are', () => {
    const target = { cluster: 'local', namespace: 'shop', kind: 'statefulset', name: 'db' };
    expect(planRelease(specOf(), observe(podsOf(2), { target })).writes).toEqual([
      'Set the update strategy of statefulset/db to OnDelete and mark it as held (annotations sluice.dev/release, sluice.dev/before).',
      'Label its template and all its pods sluice.dev/serving=true.',
      'Add sluice.dev/serving to the selector of Service checkout: from then on a pod is drained by its label.',
      'After the last batch: set app=r.test/checkout:v2 in the template of statefulset/db.',
      'Label all its pods with the new ControllerRevision, which `kubectl rollout history` lists after the old one.',
      'Take sluice.dev/serving out of the selector of Service checkout, then off its template and the pods.',
      'Take the annotations off statefulset/db and give it its update strategy back.',
    ]);
  });

  it('names the writes to a DaemonSet as they are', () => {
    const target = { cluster: 'local', namespace: 'shop', kind: 'daemonset', name: 'agent' };
    expect(planRelease(specOf(), observe(podsOf(2), { target })).writes).toEqual([
      'Set the update strategy of daemonset/agent to OnDelete, its revisionHistoryLimit 10 higher, and mark it as held (annotations sluice.dev/release, sluice.dev/before).',
      'Label its template and all its pods sluice.dev/serving=true.',
      'Add sluice.dev/serving to the selector of Service checkout: from then on a pod is drained by its label.',
      'After the last batch: set app=r.test/checkout:v2 in the template of daemonset/agent.',
      'Label all its pods with the new ControllerRevision, which `kubectl rollout history` lists after the old one.',
      'Take sluice.dev/serving out of the selector of Service checkout, then off its template and the pods.',
      'Take the annotations off daemonset/agent and give it its update strategy and its revisionHistoryLimit back.',
    ]);
  });

  it('estimates by rounds of maxUnavailable', () => {
    const given = planRelease(
      specOf({
        strategy: { batches: ['100%'], maxUnavailable: 3 },
        gates: { afterGray: { bake: '60s' } },
        traffic: { through: [{ service: 'checkout' }], quiet: '5s' },
      }),
      observe(podsOf(11), { minReadySeconds: 2 }),
    );
    // Per round: drain 1 + quiet 5 + restart 2 + probe 3 + minReady 2 + restore 1 = 14; rounds: 1 + 4; around it 3.
    expect(given.estimateSeconds).toBe(5 * 14 + 60 + 3);
  });
});

describe('warnings', () => {
  const warned = (more: Partial<Observation>, spec = specOf()): string[] =>
    planRelease(spec, observe(podsOf(8), more)).warnings.map(({ code }) => code);
  const findings = (change: Partial<Observation['findings']>): Partial<Observation> => ({
    findings: { ...quietFindings, ...change },
  });
  const undrained = specOf({ traffic: {} });

  it.each<[string, string[], Partial<Observation>, ReleaseSpec]>([
    ['none where all is well', [], {}, specOf()],
    ['no way out of traffic', ['NO_DRAIN'], {}, undrained],
    ['no Service either', ['NO_DRAIN'], findings({ services: [] }), undrained],
    ['a Service that is not drained', ['NO_DRAIN'], findings({ services: ['checkout', 'admin'] }), specOf()],
    [
      'a readiness gate drains every Service',
      [],
      { ...findings({ services: ['a', 'b'] }), readinessGates: ['x.test/open'] },
      specOf({ traffic: { through: [{ readinessGate: 'x.test/open' }] } }),
    ],
    ['an autoscaler', ['AUTOSCALER'], findings({ autoscalers: ['checkout'] }), specOf()],
    ['a budget', ['DISRUPTION_BUDGET'], findings({ budgets: [{ name: 'b', out: 0 }] }), specOf()],
    ['a hold that was left', ['LEFT_HELD'], { leftHeld: true }, specOf()],
    [
      'a lost node',
      ['NODE_LOST'],
      { pods: podsOf(8).map((one) => ({ ...one, nodeReady: one.name !== 'p03' })) },
      specOf(),
    ],
    [
      'a worker that may keep no record',
      ['NO_RECORD'],
      { findings: { ...quietFindings, unrecorded: ['create configmaps in shop'] } },
      specOf(),
    ],
    ['paused already', ['PAUSED_ALREADY'], { paused: true }, specOf()],
    ['a GitOps owner', ['GITOPS_OWNER'], findings({ owners: ['Argo CD application shop/checkout'] }), specOf()],
    ['an operator', ['OPERATOR'], findings({ ownedBy: 'Kafka shop' }), specOf()],
    ['a silent registry', ['REGISTRY_SILENT'], findings({ registrySilent: { app: 'no answer' } }), specOf()],
    ['no readiness probe', ['NO_READINESS_PROBE'], findings({ probeSeconds: 0 }), specOf()],
    [
      'pods that are not ready',
      ['PODS_NOT_READY'],
      { pods: podsOf(8).map((one) => ({ ...one, ready: one.name !== 'p03' })) },
      specOf(),
    ],
  ])('%s', (_, expected, more, spec) => {
    expect(warned(more, spec)).toEqual(expected);
  });

  it('says what a budget means for this release', () => {
    const budget = (out: number, disruptionBudgets: 'Respect' | 'Ignore' = 'Respect') => {
      const observation = observe(podsOf(8), findings({ budgets: [{ name: 'b', out }] }));
      const spec = specOf({ strategy: { disruptionBudgets } });
      return warningsOf(planRelease(spec, observation), 'DISRUPTION_BUDGET')[0];
    };
    expect(budget(0)).toContain('lets no pod be out of service now: pods that are ready wait until it does');
    expect(budget(1)).toContain('lets 1 pod be out of service: so many at once, and not the 2');
    expect(budget(2)).toBeUndefined();
    expect(budget(1, 'Ignore')).toContain('is ignored, as the spec says: up to 2 will be out');
  });

  it('says that an image which nobody could check is not pinned', () => {
    const silent = findings({ registrySilent: { app: 'no answer within 5 s' } });
    const text = (spec: ReleaseSpec) => warningsOf(planRelease(spec, observe(podsOf(2), silent)), 'REGISTRY_SILENT')[0];
    expect(text(specOf())).toBe(
      'The registry did not say whether r.test/checkout:v2 (container app) exists: no answer within 5 s. It is not checked before the first pod, and its tag is not pinned to a digest.',
    );
    expect(text(specOf({ change: { images: { app: `r.test/checkout@${digest}` } } }))).not.toContain('pinned');
  });
});
