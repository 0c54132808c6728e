import * as fc from 'fast-check';
import type { Findings, Observation, ObservedPod } from '../../workflows/contract/observation.ts';
import type { ReleaseSpec, ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import { validateSpec } from '../../workflows/contract/validate.schema.ts';

export const zoneLabel = 'topology.kubernetes.io/zone';

export const quietFindings: Findings = {
  digests: {},
  ownImages: {},
  registrySilent: {},
  autoscalers: [],
  budgets: [],
  owners: [],
  services: ['checkout'],
  openServices: [],
  probeSeconds: 3,
  prePull: { missing: [], nodes: {} },
};

/** A pod on its own node in `zone`, on the old image. */
export function pod(name: string, zone: string | undefined, change: Partial<ObservedPod> = {}): ObservedPod {
  return {
    name,
    uid: `uid-${name}`,
    node: `node-${name}`,
    nodeReady: true,
    nodeLabels: { 'kubernetes.io/hostname': `node-${name}`, ...(zone !== undefined && { [zoneLabel]: zone }) },
    labels: { app: 'checkout' },
    ready: true,
    createdAt: '2026-11-21T12:00:00Z',
    images: { app: 'r.test/checkout:v1' },
    imageIDs: {},
    ...change,
  };
}

/** `count` pods p00, p01, … in zones a, b, c in turn. */
export const podsOf = (count: number, zones: readonly string[] = ['a', 'b', 'c']): ObservedPod[] =>
  Array.from({ length: count }, (_, index) => pod(`p${String(index).padStart(2, '0')}`, zones[index % zones.length]));

export function observe(pods: readonly ObservedPod[], change: Partial<Observation> = {}): Observation {
  return {
    target: { cluster: 'local', namespace: 'shop', kind: 'deployment', name: 'checkout' },
    uid: 'uid-checkout',
    replicas: pods.length,
    templateImages: { app: 'r.test/checkout:v1' },
    revisionImages: [],
    minReadySeconds: 0,
    paused: false,
    leftHeld: false,
    readinessGates: [],
    pods,
    findings: quietFindings,
    ...change,
  };
}

/** A valid spec that releases v2 of the app. */
export const specOf = (change: Partial<ReleaseSpecInput> = {}): ReleaseSpec =>
  validateSpec({
    target: { cluster: 'local', workload: 'deployment/checkout' },
    change: { images: { app: 'r.test/checkout:v2' } },
    traffic: { through: [{ service: 'checkout' }] },
    ...change,
  });

const quantity = fc.oneof(
  fc.integer({ min: 1, max: 40 }),
  fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
);

/** Lists of counts and of percentages that add up to 100 at most. */
const shares = fc
  .array(
    fc.oneof(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 60 }).map((percent) => `${percent}%`),
    ),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .filter((entries) => percentIn(entries) <= 100);

export const percentIn = (entries: readonly (number | string)[]): number =>
  entries.reduce<number>((sum, entry) => (typeof entry === 'string' ? sum + Number.parseInt(entry, 10) : sum), 0);

export const anyStrategy = fc.record({
  gray: fc.record({ pods: quantity }),
  batches: fc.oneof(shares, fc.record({ count: fc.integer({ min: 1, max: 12 }) })),
  maxUnavailable: quantity,
});

const anyPod = fc.record({
  zone: fc.constantFrom('a', 'b', 'c', 'd', undefined),
  ready: fc.boolean(),
  version: fc.constantFrom('v0', 'v1', 'v1', 'v1', 'v2'),
});

/** Up to 60 pods, ready or not, of old, older and new version, in a few zones or none. */
export const anyPods = fc
  .array(anyPod, { minLength: 1, maxLength: 60 })
  .map((pods) =>
    pods.map(({ zone, ready, version }, index) =>
      pod(`p${index}`, zone, { ready, images: { app: `r.test/checkout:${version}` } }),
    ),
  );
