import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalImage, parseImage } from '../../../activities/registry/imageReference.ts';

describe('normalImage', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['library/nginx', 'docker.io/library/nginx:latest'],
    ['bitnami/nginx:1', 'docker.io/bitnami/nginx:1'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['index.docker.io/library/nginx:1', 'docker.io/library/nginx:1'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:v1', 'localhost:5000/app:v1'],
    ['registry.local/shop/checkout:v2', 'registry.local/shop/checkout:v2'],
    ['registry.local:5000/checkout', 'registry.local:5000/checkout:latest'],
    ['[::1]:5000/app:v1', '[::1]:5000/app:v1'],
    ['nginx@sha256:abc', 'docker.io/library/nginx@sha256:abc'],
    // With a digest the tag decides nothing.
    ['registry.local/app:v2@sha256:abc', 'registry.local/app@sha256:abc'],
  ])('%s is %s', (image, expected) => {
    expect(normalImage(image)).toBe(expected);
  });

  it('is stable, whatever the reference', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    const host = fc.option(
      fc.oneof(
        word.map((name) => `${name}.io`),
        word.map((name) => `${name}:5000`),
      ),
      { nil: '' },
    );
    const reference = fc
      .tuple(host, fc.array(word, { minLength: 1, maxLength: 3 }), fc.option(word), fc.option(word))
      .map(([registry, path, tag, digest]) =>
        [registry, ...path]
          .filter(Boolean)
          .join('/')
          .concat(tag ? `:${tag}` : '', digest ? `@sha256:${digest}` : ''),
      );
    fc.assert(
      fc.property(reference, (image) => {
        expect(normalImage(normalImage(image))).toBe(normalImage(image));
        expect(parseImage(normalImage(image)).host).toBe(parseImage(image).host);
      }),
    );
  });
});
