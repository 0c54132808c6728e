import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../workflows/contract/errors.ts';
import { imageParts } from '../../workflows/contract/imageName.ts';
import type { Images, Observation, ObservedPod } from '../../workflows/contract/observation.ts';
import type { Plan } from '../../workflows/contract/plan.ts';
import { planRelease } from '../../workflows/contract/planner.ts';
import { observe, podsOf, quietFindings, specOf } from './observations.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const other = `sha256:${'fedcba9876543210'.repeat(4)}`;
const repo = 'r.test/checkout';
const short = 'sha256-0123456789ab';

/** Pods of `image`, whose nodes say that they run `imageID`. */
const running = (image: string, imageID: string, count = 4): ObservedPod[] =>
  podsOf(count).map((pod) => ({ ...pod, images: { app: image }, imageIDs: { app: imageID } }));

interface World {
  readonly image: string;
  readonly pods: readonly ObservedPod[];
  readonly revisions?: readonly Images[];
  readonly registry?: string;
  readonly own?: Readonly<Record<string, string>>;
}

function plan({ image, pods, revisions = [], registry, own = {} }: World, restart: true | string[] = true): Plan {
  const findings = { ...quietFindings, ownImages: own, digests: registry === undefined ? {} : { app: registry } };
  const more: Partial<Observation> = { templateImages: { app: image }, revisionImages: revisions, findings };
  return planRelease(specOf({ change: { restart } }), observe(pods, more));
}

const to = (world: World): string | undefined => plan(world).change.to['app'];

function refusal(world: World, restart?: true | string[]): SluiceError {
  try {
    plan(world, restart);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was planned');
}

describe('the spelling of a restart', () => {
  it('adds the digest that the pods run to a tag, without asking the registry', () => {
    const image = `${repo}:v2`;
    expect(to({ image, pods: running(image, `${repo}@${digest}`) })).toBe(`${image}@${digest}`);
    expect(to({ image, pods: running(image, `docker-pullable://${repo}@${digest}`) })).toBe(`${image}@${digest}`);
    expect(to({ image: 'nginx', pods: running('nginx', `docker.io/library/nginx@${digest}`) })).toBe(
      `nginx:latest@${digest}`,
    );
    const port = 'localhost:5000/a/b';
    expect(to({ image: port, pods: running(port, `${port}@${digest}`) })).toBe(`${port}:latest@${digest}`);
  });

  it('never takes a digest away: the next one leaves the tag out, the one after that finds it in the history', () => {
    const tagged = `${repo}:v2@${digest}`;
    const bare = `${repo}@${digest}`;
    expect(to({ image: tagged, pods: running(tagged, bare), registry: digest })).toBe(bare);
    expect(to({ image: bare, pods: running(bare, bare), revisions: [{ app: bare }, { app: tagged }] })).toBe(tagged);
    // Nobody knows a tag: one that says what the digest says.
    const own = `${repo}:${short}@${digest}`;
    expect(to({ image: bare, pods: running(bare, bare) })).toBe(own);
    expect(to({ image: own, pods: running(own, bare) })).toBe(bare);
    expect(to({ image: own, pods: running(own, bare), revisions: [{ app: own }, { app: tagged }] })).toBe(tagged);
  });

  it('is one that no pod has: what a terminated restart changed is changed once more', () => {
    const image = `${repo}:v2`;
    const id = `${repo}@${digest}`;
    const given = plan({ image, pods: [...running(image, id, 2), ...running(`${image}@${digest}`, id, 1)] });
    expect(given.change.to['app']).toBe(`${repo}@${digest}`);
    expect(given.batches.flatMap(({ pods }) => pods)).toHaveLength(3);
  });

  it('takes what the registry says only where no pod has started', () => {
    const image = `${repo}:v2`;
    expect(to({ image, pods: podsOf(2), registry: digest })).toBe(`${image}@${digest}`);
    expect(to({ image, pods: running(image, `${repo}@${digest}`), registry: other })).toBe(`${image}@${digest}`);
  });

  it('property: whatever the spellings, the same digest in the same repository, new to every pod', () => {
    const spelling = fc.constantFrom(
      `${repo}:v2`,
      `${repo}:v2@${digest}`,
      `${repo}@${digest}`,
      `${repo}:${short}@${digest}`,
    );
    fc.assert(
      fc.property(spelling, spelling, (image, one) => {
        const pods = running(one, `${repo}@${digest}`);
        const wanted = to({ image, pods, revisions: [{ app: `${repo}:v2@${digest}` }] }) ?? '';
        expect(imageParts(wanted)).toMatchObject({ name: repo, digest });
        expect([image, one]).not.toContain(wanted);
      }),
    );
  });
});

describe('a restart that could change what runs is refused', () => {
  const image = `${repo}:v2`;
  it.each<[string, World, string]>([
    [
      'pods of one tag with different digests',
      { image, pods: [...running(image, `${repo}@${digest}`, 1), ...running(image, `${repo}@${other}`, 1)] },
      `${image} is sha256:0123456789ab and sha256:fedcba987654 on different pods`,
    ],
    [
      'a pod that is pinned to another digest than the template',
      { image: `${image}@${digest}`, pods: running(`${image}@${other}`, `${repo}@${other}`) },
      'is sha256:0123456789ab and sha256:fedcba987654 on different pods',
    ],
    [
      'an image that was loaded on the node',
      { image, pods: running(image, digest), registry: digest },
      `pod p00 runs ${digest}, which names no digest of ${repo}`,
    ],
    [
      'an image that the node knows from another repository',
      { image, pods: running(image, `mirror.test/x@${digest}`) },
      `pod p00 runs mirror.test/x@${digest}, which names no digest of ${repo}`,
    ],
    [
      'pods that have not started, and a registry that is silent',
      { image, pods: podsOf(1) },
      `neither its pods nor the registry say which digest ${image} is`,
    ],
  ])('%s', (_, world, why) => {
    const error = refusal(world);
    expect(error.code).toBe('RESTART_UNSAFE');
    expect(error.message).toContain(why);
    expect(error.next).toContain('kubectl rollout restart deployment/checkout -n shop');
    expect(error.next).toContain(`--image app=${image}@sha256:…`);
  });

  it('of a ReplicaSet, which kubectl does not restart: its pods are to be deleted', () => {
    const target = { cluster: 'local', namespace: 'shop', kind: 'replicaset', name: 'bare' };
    const observation = observe(podsOf(1), { target, templateImages: { app: image }, revisionImages: [] });
    expect(() => planRelease(specOf({ change: { restart: true } }), observation)).toThrow(
      expect.objectContaining({ next: expect.stringContaining('or delete the pods of replicaset/bare -n shop.') }),
    );
  });

  it('but an image that was loaded on the node is fine where the registry has the very same', () => {
    const loaded = `docker://${other}`;
    expect(to({ image, pods: running(image, loaded), own: { [loaded]: digest } })).toBe(`${image}@${digest}`);
  });

  it('but another repository is fine where the registry has that digest under our tag', () => {
    const world = { image, pods: running(image, `mirror.test/x@${digest}`), registry: digest };
    expect(to(world)).toBe(`${image}@${digest}`);
  });

  it('a container that is not there', () => {
    expect(refusal({ image, pods: podsOf(1) }, ['proxy'])).toMatchObject({
      code: 'CONTAINER_NOT_FOUND',
      details: { field: 'change.restart', unknown: ['proxy'] },
    });
  });
});

describe('the plan of a restart', () => {
  const image = `${repo}:v2`;

  it('says that it is one, of every pod, and of the containers that are named', () => {
    const both = { app: image, proxy: `envoy:1@${other}` };
    const pods = podsOf(3).map((pod) => ({ ...pod, images: both, imageIDs: { app: `${repo}@${digest}` } }));
    const observation = observe(pods, { templateImages: both });
    const all = planRelease(specOf({ change: { restart: true } }), observation);
    expect(all.change).toEqual({
      from: both,
      to: { app: `${image}@${digest}`, proxy: `envoy@${other}` },
      version: 'v2',
      fromVersion: 'v2',
      restart: true,
    });
    expect(all.mode.reason).toContain('spelled in another way');
    expect(all.batches.flatMap((batch) => batch.pods)).toHaveLength(3);
    const one = planRelease(specOf({ change: { restart: ['proxy'] } }), observation);
    expect(one.change.to).toEqual({ proxy: `envoy@${other}` });
  });

  it('calls a version by its tag, also where a restart left that out', () => {
    const bare = `${repo}@${digest}`;
    const world = { image: bare, pods: running(bare, bare), revisions: [{ app: `${image}@${digest}` }] };
    expect(plan(world).change).toMatchObject({ version: 'v2', fromVersion: 'v2' });
    const { templateImages, revisionImages } = { templateImages: { app: bare }, revisionImages: world.revisions };
    const next = planRelease(
      specOf({ change: { images: { app: `${repo}:v3` } } }),
      observe(world.pods, { templateImages, revisionImages }),
    );
    expect(next.change).toMatchObject({ version: 'v3', fromVersion: 'v2' });
  });

  it('warns where the registry has another image under the tag by now', () => {
    const warned = ({ warnings }: Plan) => warnings.filter(({ code }) => code === 'TAG_MOVED').length;
    const pods = running(image, `${repo}@${digest}`);
    expect(warned(plan({ image, pods, registry: other }))).toBe(1);
    expect(warned(plan({ image, pods, registry: digest }))).toBe(0);
    expect(warned(plan({ image, pods }))).toBe(0);
  });
});
