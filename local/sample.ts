import type { RuntimeName } from './types.ts';

/** Tags under which the local registry has the sample application; `containerd/image-recipes.ts` says what each does. */
export type SampleTag =
  | 'v1'
  | 'v2'
  | 'v2-again'
  | 'v3'
  | 'v3-crash'
  | 'v4-notready'
  | 'v5-errors'
  | 'v6-slow'
  | 'empty'
  | 'v1-bare'
  | 'v2-bare';

/** A tag that can never be pulled: not in the registry, and kwok plays it so. */
export const missingTag = 'v9-missing';

type Amounts = Readonly<Record<string, string>>;

export interface SampleOptions {
  /** From {@link sampleImage}, or any other image that listens on port 8080 and has /readyz. */
  readonly image: string;
  /** Image of a second container, `proxy`: the same application on port 8081. Default: none. */
  readonly proxy?: string;
  /**
   * Image of a second container, `app-2`, on the same port: of the pair one has the image `empty`, and the other one's
   * connections are handed over to whichever starts. Default: none.
   */
  readonly pair?: string;
  /** Image of a sidecar, `side`, among the init containers: the same application on port 8082. Default: none. */
  readonly sidecar?: string;
  /** Which fleet runs it. Default: any node. */
  readonly runtime?: RuntimeName;
  /** Default "default"; it is not made. */
  readonly namespace?: string;
  /** Name of Deployment and Service, and value of their label `app`. Default "sample". */
  readonly name?: string;
  /** Default 12. */
  readonly replicas?: number;
  /** Condition types that the pods declare as readiness gates. Whoever asks for them must set them. */
  readonly readinessGates?: readonly string[];
  /** Added to the container's environment, over what is baked into the image. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the container `app` asks for and may have. Default: a little, and no limits. */
  readonly resources?: { readonly requests?: Amounts; readonly limits?: Amounts };
  /** Resources (`memory`) for which the container `app` restarts where they change. Default: none. */
  readonly restartsFor?: readonly string[];
  /** Labels and annotations added to the pods, e.g. `sluice.dev/kwok-ready-delay`. */
  readonly podLabels?: Readonly<Record<string, string>>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
}

/**
 * The name of an image of the sample application.
 * @param registry the stack's registry as host:port (the part `registry` shows it); kwok pulls nothing, there any name does
 */
export function sampleImage(tag: SampleTag | typeof missingTag, registry = 'registry.local'): string {
  return `${registry}/sample:${tag}`;
}

/** The sample application as objects for the API server: a Service `<name>` on port 80 and a Deployment `<name>` with the container `app`. */
export function sampleManifests(options: SampleOptions) {
  const { image, runtime, namespace = 'default', name = 'sample', replicas = 12 } = options;
  const labels = { app: name };
  const metadata = { name, namespace, labels };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
  const fromField = (variable: string, fieldPath: string) => ({
    name: variable,
    valueFrom: { fieldRef: { fieldPath } },
  });
  const container = {
    name: 'app',
    image,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      fromField('POD_NAME', 'metadata.name'),
      fromField('NODE_NAME', 'spec.nodeName'),
      ...Object.entries(options.env ?? {}).map(([variable, value]) => ({ name: variable, value })),
    ],
    readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 2 },
    resources: options.resources ?? { requests: { cpu: '5m', memory: '8Mi' } },
    ...(options.restartsFor && {
      resizePolicy: options.restartsFor.map((resourceName) => ({ resourceName, restartPolicy: 'RestartContainer' })),
    }),
  };
  const proxy = {
    ...container,
    name: 'proxy',
    image: options.proxy,
    ports: [{ name: 'proxy', containerPort: 8081 }],
    env: [...container.env, { name: 'PORT', value: '8081' }],
    readinessProbe: { ...container.readinessProbe, httpGet: { path: '/readyz', port: 'proxy' } },
  };
  const shared = { name: 'hand-over', mountPath: '/hand-over' };
  const paired = {
    ...container,
    env: [...container.env, { name: 'HAND_OVER', value: '/hand-over/socket' }],
    volumeMounts: [shared],
  };
  const second = {
    ...paired,
    name: 'app-2',
    image: options.pair,
    ports: [{ name: 'http-2', containerPort: 8080 }],
    readinessProbe: { ...container.readinessProbe, httpGet: { path: '/readyz', port: 'http-2' } },
  };
  const { ports: _ports, readinessProbe: _probe, ...bare } = container;
  const sidecar = {
    ...bare,
    name: 'side',
    image: options.sidecar,
    env: [...container.env, { name: 'PORT', value: '8082' }],
    restartPolicy: 'Always',
  };
  const one = options.proxy === undefined ? [container] : [container, proxy];
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: {
          labels: { ...labels, ...options.podLabels },
          ...(options.podAnnotations && { annotations: options.podAnnotations }),
        },
        spec: {
          // The stack has no DNS of its own.
          dnsPolicy: 'Default',
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 10,
          ...(runtime && { nodeSelector: { 'sluice.dev/fleet': runtime } }),
          ...(options.readinessGates && {
            readinessGates: options.readinessGates.map((conditionType) => ({ conditionType })),
          }),
          ...(options.sidecar !== undefined && { initContainers: [sidecar] }),
          containers: options.pair === undefined ? one : [paired, second],
          ...(options.pair !== undefined && { volumes: [{ name: shared.name, emptyDir: {} }] }),
        },
      },
    },
  };
  return { service, deployment };
}
