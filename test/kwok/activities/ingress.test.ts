import { beforeAll, describe, expect, it } from 'vitest';
import { ingress } from '../../../activities/canary/ingress.ts';
import { ingressClasses, ingresses } from '../../../activities/kubernetes/resources.ts';
import type { HeldRequest } from '../../../workflows/contract/activities/hold.ts';
import { unlessThere } from '../../support/crds.ts';
import { ingressFront } from '../../support/fronts.ts';
import { deploy, ground } from './fixtures.ts';

/** The router for ingress-nginx, on the real API; whole stories with it are in canary.test.ts. */
const { world } = await ground();
const { kube, namespace } = world;
beforeAll(() => ingressFront.install(kube));

const nginx = 'nginx.ingress.kubernetes.io';
const heldOf = (name: string): HeldRequest => ({
  target: { cluster: 'local', namespace, kind: 'deployment', name },
  uid: 'u',
  holder: `release/${name}|run`,
});
/** With a Deployment that is there: what is made for it goes with it. */
async function ownedBy(name: string): Promise<HeldRequest> {
  const { metadata } = await (await deploy(world, { name, replicas: 1 })).deployment();
  return { ...heldOf(name), uid: metadata.uid };
}
const sidesOf = (name: string) => ({ namespace, name, service: name, canary: `${name}-canary` });
const at = (name: string) => ({ namespace, name });
const annotate = (name: string, annotations: object) =>
  kube.patch(ingresses, at(name), { metadata: { annotations } }, { as: 'merge' });
const bodyOf = (
  name: string,
  className: string | undefined,
  host: string,
  service: string,
  annotations: object = {},
) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { ...at(name), annotations },
  spec: {
    ...(className !== undefined && { ingressClassName: className }),
    rules: [
      {
        host,
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }],
        },
      },
    ],
  },
});

describe('the second Ingress', () => {
  it.each<readonly [string, (name: string) => Promise<unknown>]>([
    ['its weight', (name) => annotate(`${name}-canary`, { [`${nginx}/canary-weight`]: '90' })],
    ['a header besides', (name) => annotate(`${name}-canary`, { [`${nginx}/canary-by-header`]: 'x-mine' })],
    ['that it is no canary any more', (name) => annotate(`${name}-canary`, { [`${nginx}/canary`]: null })],
    [
      'where it sends callers',
      (name) =>
        kube.patch(
          ingresses,
          at(`${name}-canary`),
          { spec: bodyOf(name, 'nginx', 'x.test', name).spec },
          { as: 'merge' },
        ),
    ],
    [
      'the hosts of the first',
      (name) =>
        kube.patch(
          ingresses,
          at(name),
          { spec: bodyOf(name, 'nginx', `${name}.else.test`, name).spec },
          { as: 'merge' },
        ),
    ],
    ['that it is gone', (name) => kube.remove(ingresses, at(`${name}-canary`))],
  ])('somebody else changes %s: a conflict that is told; taken over it is as it should be', async (what, change) => {
    const name = `drift-${what.replaceAll(' ', '-')}`;
    await ingressFront.create(world, name);
    const [held, sides] = [await ownedBy(name), sidesOf(name)];
    await ingress.split(kube, held, sides, { weight: 10 }, { first: true });
    await ingress.requireSplit(kube, held, sides, { weight: 10 });
    await change(name);
    const changed = { code: 'WORKLOAD_CHANGED', message: expect.stringContaining(`Somebody changed Ingress ${name}`) };
    await expect(ingress.requireSplit(kube, held, sides, { weight: 10 })).rejects.toMatchObject(changed);
    await expect(ingress.split(kube, held, sides, { weight: 20 }, {})).rejects.toMatchObject(changed);
    await ingress.split(kube, held, sides, { weight: 20 }, { force: true });
    await ingress.requireSplit(kube, held, sides, { weight: 20 });
    const [stable, beside] = [await kube.get(ingresses, at(name)), await kube.get(ingresses, at(`${name}-canary`))];
    expect(beside.spec.rules?.map(({ host }) => host)).toEqual(stable.spec.rules?.map(({ host }) => host));
    await ingress.restore(kube, held, sides);
    expect(await ingress.reaches(kube, sides)).toBe(false);
    await ingress.end?.(kube, held, sides);
    expect(await ingressFront.traces(world, name)).toEqual([]);
  });

  it('whose mark is gone is not ours: nobody comes by it any more, and it stays', async () => {
    const name = 'unmarked';
    await ingressFront.create(world, name);
    const [held, sides] = [await ownedBy(name), sidesOf(name)];
    await ingress.split(kube, held, sides, { weight: 30 }, { first: true });
    await annotate(`${name}-canary`, { 'sluice.dev/release': null });
    await expect(ingress.split(kube, held, sides, { weight: 40 }, {})).rejects.toMatchObject({
      code: 'WORKLOAD_CHANGED',
      message: expect.stringContaining('not marked as held'),
    });
    expect(await ingress.reaches(kube, sides)).toBe(true);
    expect(await ingress.restore(kube, held, sides)).toBe('stripped');
    expect(await ingress.reaches(kube, sides)).toBe(false);
    await ingress.end?.(kube, held, sides);
    expect(await ingressFront.traces(world, name)).toEqual([`${name}-canary`]);
  });

  it('of a terminated release is found by the next; another’s is left alone', async () => {
    const name = 'left';
    await ingressFront.create(world, name);
    const [held, sides] = [await ownedBy(name), sidesOf(name)];
    await ingress.split(kube, held, sides, { weight: 30 }, { first: true });
    expect(await ingress.left(kube, held)).toEqual([sides]);
    await ingress.inspect(kube, { ...held, holder: `release/${name}|next` }, sides, [{ weight: 5 }]);
    const other = { ...held, holder: 'release/another|run' };
    expect(await ingress.left(kube, other)).toEqual([]);
    await expect(ingress.inspect(kube, other, sides, [])).rejects.toMatchObject({ code: 'ROUTE_UNFIT' });
    await expect(ingress.split(kube, other, sides, { weight: 5 }, { first: true })).rejects.toMatchObject({
      code: 'WORKLOAD_BUSY',
    });
    await ingress.end?.(kube, other, sides);
    expect(await ingressFront.traces(world, name)).toEqual([`${name}-canary`]);
  });
});

describe('is refused in the plan, and nothing is written', () => {
  const refusal = (message: string, code = 'ROUTE_UNFIT') => ({
    code,
    message: expect.stringContaining(message),
  });
  const inspect = (name: string, weight = 5) => ingress.inspect(kube, heldOf(name), sidesOf(name), [{ weight }]);

  it('one that is not there', async () => {
    await ingressFront.create(world, 'there');
    await expect(inspect('none')).rejects.toMatchObject(refusal('it has: ', 'ROUTE_NOT_FOUND'));
  });

  it('a canary of somebody else for the same host and path', async () => {
    const name = 'rival';
    await ingressFront.create(world, name);
    const host = `${name}.${namespace}.test`;
    const body = bodyOf('rivals', 'nginx', host, 'beta', { [`${nginx}/canary`]: 'true' });
    await kube.create(ingresses, body, { namespace });
    await expect(inspect(name)).rejects.toMatchObject(refusal(`Ingress rivals, for ${host}/`));
    await kube.remove(ingresses, at('rivals'));
    await inspect(name);
  });

  it('another Ingress that has the name', async () => {
    const name = 'named';
    await ingressFront.create(world, name);
    await kube.create(ingresses, bodyOf(`${name}-canary`, 'nginx', 'else.test', 'else'), { namespace });
    await expect(inspect(name)).rejects.toMatchObject(refusal(`needs the name ${name}-canary`));
  });

  it.each([
    ['of another controller', 'theirs', 'IngressClass theirs is of example.test/other'],
    ['of no class that there is', 'nobody', 'IngressClass nobody is not there'],
    ['of no class at all', undefined, 'names no IngressClass'],
  ])('one %s: it would take the second for one more like the first', async (_what, className, message) => {
    const name = `class-${className ?? 'none'}`;
    const spec = { controller: 'example.test/other' };
    const theirs = { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'theirs' }, spec };
    await kube.create(ingressClasses, theirs, {}).catch(unlessThere);
    await kube.create(ingresses, bodyOf(name, className, 'class.test', name), { namespace });
    await expect(inspect(name)).rejects.toMatchObject(refusal(message));
    expect(await ingressFront.traces(world, name)).toEqual([]);
  });
});
