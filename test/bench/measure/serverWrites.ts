import type { KubernetesCall } from '../../../local/kubernetes/client.ts';

/**
 * Writes that the API server has answered so far, by whomever: kubelets, controllers, Sluice. Dry runs and events,
 * leases and reviews (nothing that a release is about) are left out.
 */
export async function serverWrites(call: KubernetesCall): Promise<number> {
  const { body } = await call('GET', '/metrics');
  let sum = 0;
  for (const line of String(body).split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    if (!writing.has(label('verb')) || label('dry_run') !== '' || aside.has(label('resource'))) continue;
    sum += Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return sum;
}

const writing = new Set(['POST', 'PUT', 'PATCH', 'DELETE', 'APPLY']);
const aside = new Set([
  'events',
  'leases',
  'nodes',
  'tokenreviews',
  'subjectaccessreviews',
  'selfsubjectaccessreviews',
]);
