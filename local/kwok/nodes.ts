import { SluiceError } from '../../workflows/contract/errors.ts';
import { until } from '../process/wait.ts';
import type { RuntimeContext } from '../types.ts';

const label = 'sluice.dev/fleet';
const zones = ['a', 'b', 'c'] as const;

/** The n-th node of the fleet, counted from 1. Zones a, b, c come round in turn. */
function node(number: number) {
  const name = `kwok-${number}`;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        [label]: 'kwok',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'topology.kubernetes.io/region': 'local',
        'topology.kubernetes.io/zone': zones[(number - 1) % zones.length],
        'node-role.kubernetes.io/worker': '',
      },
    },
  };
}

/**
 * Makes the fleet have exactly `context.nodes` nodes and waits until they are Ready. Pods of removed nodes are moved by Kubernetes.
 */
export async function settleNodes(context: RuntimeContext): Promise<void> {
  const wanted = Array.from({ length: context.nodes }, (_, index) => node(index + 1));
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  const existing = await listNodes(context);
  const missing = wanted.filter(({ metadata }) => !existing.has(metadata.name));
  const surplus = [...existing.keys()].filter((name) => !names.has(name));
  await Promise.all([
    ...missing.map((one) => write(context, 'POST', '/api/v1/nodes', one)),
    ...surplus.map((name) => write(context, 'DELETE', `/api/v1/nodes/${name}`)),
  ]);
  const ready = await until(
    async () => {
      const now = await listNodes(context);
      return [...names].every((name) => now.get(name) === true) ? true : undefined;
    },
    { timeoutMs: 60_000, everyMs: 100, signal: context.signal },
  );
  if (ready === undefined) {
    throw new SluiceError('LOCAL_PART_DIED', 'The kwok nodes did not become Ready in 60 s.', {
      next: `Read ${context.paths.logs}/kwok.log; then \`sluice up\` again.`,
    });
  }
}

/** Name → Ready, of the nodes of the fleet. */
async function listNodes(context: RuntimeContext): Promise<Map<string, boolean>> {
  const { status, body } = await context.kubernetes('GET', `/api/v1/nodes?labelSelector=${label}%3Dkwok`);
  if (status !== 200) throw new SluiceError('LOCAL_PART_DIED', `The API server does not list nodes: HTTP ${status}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the Kubernetes API says what a NodeList is
  const { items } = body as {
    items: { metadata: { name: string }; status?: { conditions?: { type: string; status: string }[] } }[];
  };
  return new Map(
    items.map(({ metadata, status: nodeStatus }) => [
      metadata.name,
      nodeStatus?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true,
    ]),
  );
}

async function write(context: RuntimeContext, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await context.kubernetes(method, path, body);
  // Already there, or already gone: an earlier `up` was interrupted.
  if (answer.status < 300 || answer.status === 409 || answer.status === 404) return;
  throw new SluiceError('LOCAL_PART_DIED', `The API server refuses ${method} ${path}: HTTP ${answer.status}.`, {
    next: `Read ${context.paths.logs}/kube-apiserver.log.`,
  });
}
