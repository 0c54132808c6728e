import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  difference,
  hashLabel,
  sameTemplate,
  templateImages,
  withImages,
} from '../../../activities/kubernetes/templates.ts';
import type { PodTemplate } from '../../../activities/kubernetes/wire.ts';

const template: PodTemplate = {
  metadata: { labels: { app: 'checkout', [hashLabel]: 'abc' } },
  spec: {
    containers: [
      { name: 'app', image: 'checkout:v1', env: [{ name: 'TOKEN', value: 'hunter2' }] },
      { name: 'sidecar', image: 'proxy:1' },
    ],
    initContainers: [{ name: 'init', image: 'init:1' }],
  },
};

describe('sameTemplate', () => {
  it('leaves the hash out, and takes null, empty and absent for equal, as the controller does', () => {
    const other = { ...template, metadata: { labels: { app: 'checkout', [hashLabel]: 'xyz' }, annotations: {} } };
    expect(sameTemplate(template, other)).toBe(true);
    expect(sameTemplate(template, { ...template, metadata: { labels: { app: 'checkout' } } })).toBe(true);
  });

  it('leaves named labels out only when asked', () => {
    const serving = { ...template, metadata: { labels: { app: 'checkout', 'sluice.dev/serving': 'true' } } };
    expect(sameTemplate(template, serving)).toBe(false);
    expect(sameTemplate(template, serving, ['sluice.dev/serving'])).toBe(true);
  });

  it('sees any change of a value anywhere', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean());
    const tree = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,4}$/),
      fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), leaf)),
    );
    const withExtra = (extra: unknown): PodTemplate => Object.assign(structuredClone(template), { extra });
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const equal = JSON.stringify(bare(a)) === JSON.stringify(bare(b));
        expect(sameTemplate(withExtra(a), withExtra(b))).toBe(equal);
        expect(sameTemplate(withExtra(b), withExtra(a))).toBe(equal);
      }),
    );
  });
});

/** Without empty values, keys in order: what the controller compares. */
function bare(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value;
  const entries = Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, bare(inner)])
    .filter(([, inner]) => inner !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

describe('difference', () => {
  it('names the path, shows images and labels, and never the value of a variable', () => {
    expect(difference(withImages(template, { app: 'checkout:v2' }), template)).toBe(
      'spec.containers[0].image: "checkout:v2" instead of "checkout:v1"',
    );
    const other = structuredClone(template);
    Object.assign(other.spec?.containers[0]?.env?.[0] ?? {}, { value: 'hunter3' });
    expect(difference(other, template)).toBe('spec.containers[0].env[0].value: another value instead of another value');
    expect(difference(template, template)).toBeUndefined();
  });
});

describe('images', () => {
  it('are those of the containers, and only the named ones change', () => {
    expect(templateImages(template)).toEqual({ app: 'checkout:v1', sidecar: 'proxy:1' });
    const changed = withImages(template, { app: 'checkout:v2' });
    expect(templateImages(changed)).toEqual({ app: 'checkout:v2', sidecar: 'proxy:1' });
    expect(changed.spec?.initContainers).toBe(template.spec?.initContainers);
    expect(templateImages(template)).toEqual({ app: 'checkout:v1', sidecar: 'proxy:1' });
  });
});
