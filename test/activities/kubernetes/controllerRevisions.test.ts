import { describe, expect, it } from 'vitest';
import {
  isInterim,
  nativeRevisions,
  type Revised,
  templateOf,
} from '../../../activities/kubernetes/controllerRevisions.ts';
import type { ControllerRevision, PodTemplate } from '../../../activities/kubernetes/wire.ts';

const template = (version: number, labels: Readonly<Record<string, string>> = {}): PodTemplate => ({
  metadata: { labels: { app: 'db', ...labels } },
  spec: { containers: [{ name: 'app', image: `r.test/db:v${version}` }] },
});
const revisionOf = (revision: number, kept: PodTemplate, bornAt = revision): ControllerRevision => ({
  metadata: {
    name: `db-${revision}`,
    uid: `uid-${revision}`,
    resourceVersion: '1',
    creationTimestamp: `2026-11-21T12:00:0${bornAt}Z`,
    annotations: { 'kubernetes.io/change-cause': `cause ${revision}` },
  },
  revision,
  data: { spec: { template: { ...kept, $patch: 'replace' } } },
});
const owner = (now: PodTemplate): Revised => ({
  metadata: { name: 'db', uid: 'uid', resourceVersion: '1' },
  spec: { selector: { matchLabels: { app: 'db' } }, template: now },
});

describe('nativeRevisions', () => {
  it('lists them newest first, with images and cause, and marks the current one', () => {
    const found = nativeRevisions(owner(template(2)), [revisionOf(1, template(1)), revisionOf(2, template(2))]);
    expect(found).toEqual([
      {
        revision: 2,
        current: true,
        images: { app: 'r.test/db:v2' },
        cause: 'cause 2',
        createdAt: '2026-11-21T12:00:02Z',
      },
      {
        revision: 1,
        current: false,
        images: { app: 'r.test/db:v1' },
        cause: 'cause 1',
        createdAt: '2026-11-21T12:00:01Z',
      },
    ]);
  });

  it('leaves out what a release under way has made; the one that it began with stays the current one', () => {
    const serving = { 'sluice.dev/serving': 'true' };
    const found = nativeRevisions(owner(template(1, serving)), [
      revisionOf(1, template(1)),
      revisionOf(2, template(1, serving)),
    ]);
    expect(found.map(({ revision, current }) => ({ revision, current }))).toEqual([{ revision: 1, current: true }]);
  });

  it('does not say when a revision was made that has come back under a new number', () => {
    const found = nativeRevisions(owner(template(1)), [revisionOf(2, template(2), 2), revisionOf(3, template(1), 1)]);
    expect(found.map(({ revision, createdAt }) => [revision, createdAt])).toEqual([
      [3, undefined],
      [2, '2026-11-21T12:00:02Z'],
    ]);
  });

  it('says what differs besides images', () => {
    const other = template(1, { tier: 'a' });
    const [, old] = nativeRevisions(owner(template(2)), [revisionOf(1, other), revisionOf(2, template(2))]);
    expect(old?.differs).toContain('metadata.labels.tier');
  });
});

it('the template of a revision is without what makes it a patch', () => {
  expect(templateOf(revisionOf(1, template(1)))).toEqual(template(1));
  expect(isInterim(revisionOf(1, template(1)))).toBe(false);
});
