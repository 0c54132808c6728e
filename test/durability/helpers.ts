import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { resolveBinaries } from '../../local/binaries/resolve.ts';
import { sampleImage } from '../../local/sample.ts';
import type { ReleaseSpecInput } from '../../workflows/contract/spec.ts';
import type { World } from '../support/world.ts';

/** Stands in for a Prometheus server, which answers every query with `errors`, and for whoever is told of events. */
export interface Outside {
  readonly url: string;
  errors: number;
  readonly close: () => void;
}

export async function openOutside(): Promise<Outside> {
  const server = createServer((request, response) => {
    request.resume();
    const data = { resultType: 'scalar', result: [0, String(outside.errors)] };
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ status: 'success', data }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const outside: Outside = { url, errors: 0, close: () => server.close() };
  return outside;
}

/** A release that passes every activity: 3 pods in two groups, a Service to drain, a check, somebody who is told. */
export function specOf(world: World, name: string, outside: Outside): ReleaseSpecInput {
  const spec = world.spec(name, sampleImage('v2'));
  return {
    ...spec,
    strategy: { ...spec.strategy, batches: { count: 1 }, maxUnavailable: 2 },
    traffic: { through: [{ service: name }], quiet: '100ms', maxDrain: '30s' },
    checks: [{ prometheus: { server: outside.url, query: 'errors', max: 0 } }],
    notify: [{ webhook: { url: outside.url } }],
  };
}

export const deployV1 = (world: World, name: string): Promise<void> =>
  world.deploy({ name, image: sampleImage('v1'), runtime: 'kwok', replicas: 3 });

/** Waits for the end of a release, whatever it is. */
export const endOf = (world: World, name: string): Promise<unknown> =>
  world.sluice.result(world.target(name)).catch(String);

/** How long the controllers may take to follow after the end of a release: for `expect.poll`. */
export const patience = { timeout: 20_000, interval: 250 };

/** A Temporal server of its own that suggests to continue as new after so many events instead of 4,096. */
export async function openImpatientTemporal(events: number): Promise<TestWorkflowEnvironment> {
  const binaries = await resolveBinaries(['temporal']);
  return TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path: binaries.temporal },
      extraArgs: ['--dynamic-config-value', `limit.historyCount.suggestContinueAsNew=${events}`],
    },
  });
}
