import { expect, it } from 'vitest';
import type { Node, PodTemplate } from '../../../activities/kubernetes/wire.ts';
import { pullNeeds } from '../../../activities/prePull/needs.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const written = 'checkout:v2';
const withDigest = `${written}@${digest}`;

const node = (name: string, images: readonly string[], ready = 'True'): Node => ({
  metadata: { name, uid: name, resourceVersion: '1' },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: ready }], images: [{ names: images, sizeBytes: 1 }] },
});
const template = (imagePullPolicy: string): PodTemplate => ({
  spec: { containers: [{ name: 'app', image: 'checkout:v1', imagePullPolicy }] },
});
const needs = (policy: string, ...nodes: readonly Node[]) =>
  pullNeeds(nodes, template(policy), { app: written }, { app: digest });

const full = 'docker.io/library/checkout';
const nodes = [
  node('empty', []),
  node('tag', [`${full}:v2`]),
  node('both', [`${full}@${digest}`, `${full}:v2`]),
  node('older', [`${full}:v1`, `${full}@sha256:${'b'.repeat(64)}`]),
];

it('IfNotPresent: what the node lists needs no pull, by tag or by digest', () => {
  expect(needs('IfNotPresent', ...nodes)).toEqual({
    empty: [],
    tag: [written],
    both: [written, withDigest],
    older: [],
  });
});

it('Always: a tag may have moved, a digest has not', () => {
  expect(needs('Always', ...nodes)).toEqual({ empty: [], tag: [], both: [withDigest], older: [] });
});

it('Never: nothing is ever pulled', () => {
  expect(needs('Never', ...nodes)['empty']).toEqual([written, withDigest]);
});

it('a node that is not ready is left out: it pulls nothing', () => {
  expect(needs('IfNotPresent', node('down', [], 'Unknown'))).toEqual({});
});
