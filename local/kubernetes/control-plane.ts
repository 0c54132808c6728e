import { join } from 'node:path';
import { binaryOf, portOf } from '../context.ts';
import type { Authority, CredentialFiles } from '../pki/authority.ts';
import { serviceAccountKey } from '../pki/authority.ts';
import { writeFileAtomically } from '../process/write.ts';
import type { Part, RuntimeContext } from '../types.ts';

/** Everything the three programs of the control plane are made from. */
export interface ControlPlane {
  readonly context: RuntimeContext;
  readonly cluster: Authority;
  readonly etcd: Authority;
  readonly admin: CredentialFiles;
}

/** Services get addresses from here; the first one is the API server's. */
const serviceRange = '10.96.0.0/16';

/** Client-side throttles are made for clusters with many masters to protect; thousands of pods on one machine need them out of the way. */
const clientRate = { qps: 2_000, burst: 4_000 };

/**
 * The API server on loopback, with TLS, RBAC and the Node authorizer.
 * @param flags changes a runtime wants: flag without dashes → value
 */
export async function apiServerPart(
  { context, cluster, etcd, admin }: ControlPlane,
  flags: Readonly<Record<string, string>> = {},
): Promise<Part> {
  const { paths } = context;
  const port = portOf(context, 'kubernetes');
  const serving = await cluster.credential('kube-apiserver', {
    subject: { commonName: 'kube-apiserver' },
    usage: 'server',
    hosts: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      '127.0.0.1',
      firstAddress(flags['service-cluster-ip-range'] ?? serviceRange),
    ],
  });
  const kubelet = await cluster.credential('kube-apiserver-kubelet-client', {
    subject: { commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] },
    usage: 'client',
  });
  const store = await etcd.credential('kube-apiserver-etcd-client', {
    subject: { commonName: 'kube-apiserver-etcd-client' },
    usage: 'client',
  });
  const token = await serviceAccountKey(paths.pki);
  const all: Record<string, string> = {
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'etcd-servers': `https://127.0.0.1:${portOf(context, 'etcd')}`,
    'etcd-cafile': store.caFile,
    'etcd-certfile': store.certFile,
    'etcd-keyfile': store.keyFile,
    'tls-cert-file': serving.certFile,
    'tls-private-key-file': serving.keyFile,
    'client-ca-file': cluster.caFile,
    'kubelet-client-certificate': kubelet.certFile,
    'kubelet-client-key': kubelet.keyFile,
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
    'service-account-key-file': token.publicFile,
    'service-account-signing-key-file': token.privateFile,
    'service-cluster-ip-range': serviceRange,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    'allow-privileged': 'true',
    // A loopback address cannot be an endpoint of the kubernetes Service, and kwok's pods call nobody.
    'endpoint-reconciler-type': 'none',
    'max-requests-inflight': '3000',
    'max-mutating-requests-inflight': '1500',
    profiling: 'false',
    ...flags,
  };
  const url = `https://127.0.0.1:${port}`;
  return {
    name: 'kube-apiserver',
    binary: binaryOf(context, 'kube-apiserver'),
    args: toArgs(all),
    ready: { kind: 'http', url: `${url}/readyz`, ...admin },
    ports: [port],
    configFiles: [serving.certFile, cluster.caFile, kubelet.certFile, store.certFile, token.privateFile],
    address: url,
    // While something watches it would wait a minute for it to leave.
    graceMs: 5_000,
  };
}

/** The controllers (Deployments, garbage collection, endpoints, …), with rates that let thousands of pods through. */
export async function controllerManagerPart({ context, cluster }: ControlPlane): Promise<Part> {
  const port = portOf(context, 'controllerManager');
  const serving = await loopbackCertificate(cluster);
  const kubeconfig = await context.kubeconfigFor('system:kube-controller-manager', []);
  const token = await serviceAccountKey(context.paths.pki);
  return {
    name: 'kube-controller-manager',
    binary: binaryOf(context, 'kube-controller-manager'),
    args: toArgs({
      ...secureFlags(port, kubeconfig, serving),
      kubeconfig,
      'leader-elect': 'false',
      'service-account-private-key-file': token.privateFile,
      'root-ca-file': cluster.caFile,
      'cluster-signing-cert-file': cluster.caFile,
      'cluster-signing-key-file': cluster.caKeyFile,
      'use-service-account-credentials': 'true',
      'kube-api-qps': String(clientRate.qps),
      'kube-api-burst': String(clientRate.burst),
      // The kwok nodes report every 20 to 40 s, later when the machine is busy.
      'node-monitor-grace-period': '2m',
      'concurrent-deployment-syncs': '16',
      'concurrent-replicaset-syncs': '16',
      'concurrent-statefulset-syncs': '16',
      'concurrent-daemonset-syncs': '8',
      'concurrent-endpoint-syncs': '8',
      'concurrent-service-endpoint-syncs': '8',
      'concurrent-gc-syncs': '20',
      profiling: 'false',
    }),
    ready: { kind: 'http', url: `https://127.0.0.1:${port}/healthz`, caFile: cluster.caFile },
    ports: [port],
    configFiles: [kubeconfig, serving.certFile, token.privateFile],
  };
}

/** The scheduler. Its client rate is only in its configuration file. */
export async function schedulerPart({ context, cluster }: ControlPlane): Promise<Part> {
  const port = portOf(context, 'scheduler');
  const serving = await loopbackCertificate(cluster);
  const kubeconfig = await context.kubeconfigFor('system:kube-scheduler', []);
  const config = join(context.paths.config, 'scheduler.json');
  await writeFileAtomically(
    config,
    JSON.stringify({
      apiVersion: 'kubescheduler.config.k8s.io/v1',
      kind: 'KubeSchedulerConfiguration',
      clientConnection: { kubeconfig, ...clientRate },
      leaderElection: { leaderElect: false },
      parallelism: 4,
    }),
  );
  return {
    name: 'kube-scheduler',
    binary: binaryOf(context, 'kube-scheduler'),
    args: toArgs({ ...secureFlags(port, kubeconfig, serving), config }),
    ready: { kind: 'http', url: `https://127.0.0.1:${port}/healthz`, caFile: cluster.caFile },
    ports: [port],
    configFiles: [kubeconfig, serving.certFile, config],
  };
}

function secureFlags(port: number, kubeconfig: string, serving: CredentialFiles): Record<string, string> {
  return {
    'bind-address': '127.0.0.1',
    'secure-port': String(port),
    'tls-cert-file': serving.certFile,
    'tls-private-key-file': serving.keyFile,
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
  };
}

/** 10.96.0.0/16 → 10.96.0.1 */
const firstAddress = (cidr: string): string => cidr.replace(/0\/\d+$/, '1');

const loopbackCertificate = (cluster: Authority): Promise<CredentialFiles> =>
  cluster.credential('loopback', {
    subject: { commonName: 'localhost' },
    usage: 'server',
    hosts: ['localhost', '127.0.0.1'],
  });

const toArgs = (flags: Readonly<Record<string, string>>): string[] =>
  Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
