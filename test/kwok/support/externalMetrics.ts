import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Resource, services } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';
import { makeCertificates } from '../../support/tlsFront.ts';
import { until } from '../../support/world.ts';

interface ApiService {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
const apiServices: Resource<ApiService> = {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  name: 'apiservices',
  namespaced: false,
  missing: 'INTERNAL',
};
const group = 'external.metrics.k8s.io';
const path = `/apis/${group}/v1beta1`;

export interface ExternalMetrics {
  /** What the metric of that name is from now on. */
  set(name: string, value: number): void;
  close(): Promise<void>;
}

/**
 * A stand-in for what serves external metrics (KEDA, the Prometheus adapter), registered with the API server as those are: the
 * HorizontalPodAutoscalers of the whole cluster ask it.
 */
export async function externalMetrics(kube: Connection, namespace: string): Promise<ExternalMetrics> {
  const values = new Map<string, number>();
  const certificates = await makeCertificates();
  const { certFile, keyFile } = certificates.server;
  const server = createServer(
    { cert: await readFile(certFile), key: await readFile(keyFile) },
    ({ url = '' }, response) => {
      const name = new URL(url, 'https://localhost').pathname.split('/').at(-1) ?? '';
      const answer = url.startsWith(`${path}/namespaces/`)
        ? {
            kind: 'ExternalMetricValueList',
            apiVersion: `${group}/v1beta1`,
            metadata: {},
            items: [
              { metricName: name, metricLabels: {}, timestamp: new Date(), value: String(values.get(name) ?? 0) },
            ],
          }
        : { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/v1beta1`, resources: [] };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const name = 'external-metrics';
  const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] };
  await kube.create(services, { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec }, { namespace });
  const registered = `v1beta1.${group}`;
  const served = {
    group,
    version: 'v1beta1',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { namespace, name, port },
  };
  const body = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: registered },
    spec: served,
  };
  await kube.create(apiServices, body, {});
  await until(async () => {
    const { status } = await kube.get(apiServices, { name: registered });
    return (
      status?.conditions?.some((condition) => condition.type === 'Available' && condition.status === 'True') ?? false
    );
  });
  return {
    set: (metric, value) => void values.set(metric, value),
    close: async () => {
      // First: namespaces are not deleted while a registered server does not answer.
      await kube.remove(apiServices, { name: registered });
      server.closeAllConnections();
      server.close();
      await certificates.remove();
    },
  };
}
