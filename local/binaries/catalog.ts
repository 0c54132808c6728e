/** Every program of the local stack: its pinned version, where it can be downloaded and from what it is built. */

export const binaryNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'temporal',
  'kubelet',
  'kube-proxy',
  'kubectl',
  'crane',
  'agnhost',
  'sample',
] as const;
export type BinaryName = (typeof binaryNames)[number];

export interface Platform {
  readonly os: 'linux' | 'darwin';
  readonly arch: 'amd64' | 'arm64';
}

/** An official download. No checksum, no download: the program is built instead. */
export interface Download {
  readonly url: string;
  /** The file inside, when `url` is a .tar.gz (matched by its last path segment). */
  readonly member?: string;
  /**
   * Where the SHA-256 of `url` is published. `plain`: the file holds it; `sums`: lines of "<sha256>  <file>";
   * `github`: the release as the GitHub API describes it, with a digest per asset.
   */
  readonly checksum: { readonly url: string; readonly format: 'plain' | 'sums' | 'github' };
}

export interface Binary {
  readonly name: BinaryName;
  readonly version: string;
  /** Go module directory under local/go whose go.mod and go.sum pin it. */
  readonly module: 'kubernetes' | 'kwok' | 'temporal' | 'sample';
  readonly package: string;
  download(platform: Platform): Download | undefined;
}

const versions = {
  kubernetes: '1.34.4',
  etcd: '3.6.5',
  kwok: '0.7.0',
  temporal: '1.5.1',
  crane: '0.20.6',
  sample: '6',
} as const;

/** Linker flags by module; without the version Kubernetes clients see v0.0.0. */
export const linkerFlags: Readonly<Record<Binary['module'], string>> = {
  kubernetes: `-s -w -X k8s.io/component-base/version.gitVersion=v${versions.kubernetes} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34`,
  kwok: '-s -w',
  sample: '-s -w',
  temporal: `-s -w -X github.com/temporalio/cli/temporalcli.Version=${versions.temporal}`,
};

const kubernetes = (name: BinaryName, options: { client?: boolean } = {}): Binary => ({
  name,
  version: versions.kubernetes,
  module: 'kubernetes',
  package: `k8s.io/kubernetes/cmd/${name}`,
  // Server programs are published for Linux only, https://kubernetes.io/releases/download/#binaries
  download({ os, arch }) {
    if (os !== 'linux' && options.client !== true) return undefined;
    const url = `https://dl.k8s.io/release/v${versions.kubernetes}/bin/${os}/${arch}/${name}`;
    return { url, checksum: { url: `${url}.sha256`, format: 'plain' } };
  },
});

const github = (repository: string, tag: string): string => `https://github.com/${repository}/releases/download/${tag}`;

const catalog: Readonly<Record<BinaryName, Binary>> = {
  etcd: {
    name: 'etcd',
    version: versions.etcd,
    module: 'kubernetes',
    package: 'go.etcd.io/etcd/server/v3',
    // For macOS etcd is published as .zip only; it is built there.
    download({ os, arch }) {
      if (os !== 'linux') return undefined;
      const base = github('etcd-io/etcd', `v${versions.etcd}`);
      return {
        url: `${base}/etcd-v${versions.etcd}-${os}-${arch}.tar.gz`,
        member: 'etcd',
        checksum: { url: `${base}/SHA256SUMS`, format: 'sums' },
      };
    },
  },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kubelet: kubernetes('kubelet'),
  'kube-proxy': kubernetes('kube-proxy'),
  kubectl: kubernetes('kubectl', { client: true }),
  kwok: {
    name: 'kwok',
    version: versions.kwok,
    module: 'kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    // The release has no checksum file; GitHub itself states a digest for each asset.
    download: ({ os, arch }) => ({
      url: `${github('kubernetes-sigs/kwok', `v${versions.kwok}`)}/kwok-${os}-${arch}`,
      checksum: {
        url: `https://api.github.com/repos/kubernetes-sigs/kwok/releases/tags/v${versions.kwok}`,
        format: 'github',
      },
    }),
  },
  temporal: {
    name: 'temporal',
    version: versions.temporal,
    module: 'temporal',
    package: 'github.com/temporalio/cli/cmd/temporal',
    download({ os, arch }) {
      const base = github('temporalio/cli', `v${versions.temporal}`);
      return {
        url: `${base}/temporal_cli_${versions.temporal}_${os}_${arch}.tar.gz`,
        member: 'temporal',
        checksum: { url: `${base}/checksums.txt`, format: 'sums' },
      };
    },
  },
  crane: {
    name: 'crane',
    version: versions.crane,
    module: 'kubernetes',
    package: 'github.com/google/go-containerregistry/cmd/crane',
    download({ os, arch }) {
      const base = github('google/go-containerregistry', `v${versions.crane}`);
      const system = `${os === 'linux' ? 'Linux' : 'Darwin'}_${arch === 'amd64' ? 'x86_64' : 'arm64'}`;
      return {
        url: `${base}/go-containerregistry_${system}.tar.gz`,
        member: 'crane',
        checksum: { url: `${base}/checksums.txt`, format: 'sums' },
      };
    },
  },
  // Published as a container image only.
  agnhost: {
    name: 'agnhost',
    version: versions.kubernetes,
    module: 'kubernetes',
    package: 'k8s.io/kubernetes/test/images/agnhost',
    download: () => undefined,
  },
  // The application that demo and tests release; its source is in local/go/sample. Raise its version with each change.
  sample: {
    name: 'sample',
    version: versions.sample,
    module: 'sample',
    package: 'sluice.dev/local/sample',
    download: () => undefined,
  },
};

/** Looks a program up by name. */
export function binary(name: BinaryName): Binary {
  return catalog[name];
}

/** The file name in the cache; the version is in it, so that two versions of Sluice do not disturb each other. */
export function cacheFileName({ name, version }: Binary): string {
  return `${name}-v${version}`;
}
