import type { ContainerRecord } from '../../../activities/kubernetes/podRecord.ts';
import type { ContainerStatus, Pod } from '../../../activities/kubernetes/wire.ts';
import { marks } from '../../../workflows/contract/names.ts';

/** 2026-11-21T06:00:00Z: the time of the tests. */
export const noon = Date.parse('2026-11-21T06:00:00Z');
export const at = (seconds: number): string => new Date(noon + seconds * 1000).toISOString();

export const old = {
  image: 'registry.local/checkout:v1',
  containerID: 'containerd://1111',
  imageID: 'registry.local/checkout@sha256:aaaa',
  restarts: 0,
} satisfies ContainerRecord;

/** A status as kubelet writes it for a container that runs. */
export function running(image: string, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return {
    name: 'app',
    image,
    imageID: `${image.split(/[:@]/)[0]}@sha256:bbbb`,
    containerID: 'containerd://2222',
    ready: true,
    started: true,
    restartCount: 1,
    state: { running: { startedAt: at(-20) } },
    lastState: {},
    ...more,
  };
}

export function waiting(reason: string, message: string, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return running('', { ...more, ready: false, started: false, state: { waiting: { reason, message } } });
}

export interface PodOptions {
  readonly image: string;
  readonly status?: ContainerStatus;
  /** Of other containers, and of init containers. */
  readonly others?: readonly ContainerStatus[];
  readonly inits?: readonly ContainerStatus[];
  readonly ready?: boolean;
  readonly readySince?: number;
  /** Record of the change; `null`: none. */
  readonly before?: ContainerRecord | null;
  /** Seconds since the change. */
  readonly changed?: number;
  readonly gates?: Readonly<Record<string, boolean>>;
  readonly metadata?: Partial<Pod['metadata']>;
  readonly phase?: string;
}

/** A pod with one container, 30 s after its image was changed from v1. */
export function podOf(options: PodOptions): Pod {
  const { image, status, before = old, changed = 30, gates = {}, metadata = {}, phase = 'Running' } = options;
  const ready = options.ready ?? status?.ready ?? false;
  const condition = (type: string, is: boolean) => ({
    type,
    status: is ? 'True' : 'False',
    lastTransitionTime: at(options.readySince ?? -19),
    ...(!is && { reason: 'ContainersNotReady', message: 'containers with unready status: [app]' }),
  });
  const record = before && JSON.stringify({ at: at(-changed), containers: { app: before } });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'checkout-1',
      namespace: 'shop',
      uid: 'uid-1',
      resourceVersion: '7',
      ...(record && { annotations: { [marks.before]: record } }),
      ...metadata,
    },
    spec: {
      nodeName: 'node-1',
      containers: [{ name: 'app', image }],
      ...(Object.keys(gates).length > 0 && {
        readinessGates: Object.keys(gates).map((conditionType) => ({ conditionType })),
      }),
    },
    status: {
      phase,
      conditions: [
        condition('ContainersReady', ready),
        condition('Ready', ready && Object.values(gates).every(Boolean)),
        ...Object.entries(gates).map(([type, open]) => condition(type, open)),
      ],
      ...(status && { containerStatuses: [status, ...(options.others ?? [])] }),
      ...(options.inits && { initContainerStatuses: options.inits }),
    },
  };
}
