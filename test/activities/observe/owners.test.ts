import { expect, it } from 'vitest';
import { ownersOf } from '../../../activities/observe/owners.ts';

it.each<[string, Record<string, string>, Record<string, string>, string[]]>([
  ['nobody', {}, {}, []],
  [
    'Argo CD, by annotation',
    {},
    { 'argocd.argoproj.io/tracking-id': 'checkout:apps/Deployment:shop/checkout' },
    ['Argo CD application checkout'],
  ],
  ['Argo CD, by label', { 'argocd.argoproj.io/instance': 'checkout' }, {}, ['Argo CD application checkout']],
  [
    'Flux',
    {
      'kustomize.toolkit.fluxcd.io/name': 'apps',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
      'helm.toolkit.fluxcd.io/name': 'web',
      'helm.toolkit.fluxcd.io/namespace': 'shop',
    },
    {},
    ['Flux Kustomization flux-system/apps', 'Flux HelmRelease shop/web'],
  ],
  [
    'Helm',
    { 'app.kubernetes.io/managed-by': 'Helm' },
    { 'meta.helm.sh/release-name': 'checkout', 'meta.helm.sh/release-namespace': 'shop' },
    ['Helm release shop/checkout'],
  ],
])('%s', (_, labels, annotations, expected) => {
  expect(ownersOf(labels, annotations)).toEqual(expected);
});
