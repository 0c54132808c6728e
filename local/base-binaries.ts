import type { BinaryName } from './binaries/catalog.ts';

/** Programs that every stack needs, whatever runs its pods. */
export const baseBinaries: readonly BinaryName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'temporal',
];
