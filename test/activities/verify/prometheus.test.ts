import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { LivePod } from '../../../activities/ports.ts';
import { type PrometheusCheckSpec, prometheusCheck } from '../../../activities/verify/prometheus.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on TCP has such an address.
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const pod = (name: string): LivePod => ({
  name,
  uid: name,
  pod: { metadata: { name, uid: name, resourceVersion: '1' }, spec: { containers: [] } },
});

const vector = (...values: readonly string[]) => ({
  status: 'success',
  data: { resultType: 'vector', result: values.map((value) => ({ metric: {}, value: [1_700_000_000, value] })) },
});

/** The verdict on an answer of Prometheus. */
async function judge(body: unknown, change: Partial<PrometheusCheckSpec> = {}, status = 200) {
  const server = await serve((_, response) =>
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)),
  );
  return run({ server, ...change });
}

async function run(change: Partial<PrometheusCheckSpec>) {
  const spec: PrometheusCheckSpec = {
    server: 'http://127.0.0.1:1',
    query: 'error_rate',
    max: 0.01,
    noData: 'unsure',
    onUndecided: 'hold',
    ...change,
  };
  const { signal } = new AbortController();
  const verdicts = await prometheusCheck(spec, { signal }).run([pod('a'), pod('b')]);
  expect(verdicts.get('a')).toEqual(verdicts.get('b'));
  return verdicts.get('a');
}

describe('the Prometheus check', () => {
  it('asks the HTTP API, below the path of the server, with the query as it is', async () => {
    let asked: URL | undefined;
    const server = await serve((request, response) => {
      asked = new URL(request.url ?? '', 'http://x');
      response.end(JSON.stringify(vector('0')));
    });
    const query = 'sum(rate(errors{app="shop"}[1m])) / sum(rate(requests[1m]))';
    expect(await run({ server: `${server}/prometheus/`, query })).toMatchObject({ result: 'pass' });
    expect(asked?.pathname).toBe('/prometheus/api/v1/query');
    expect(asked?.searchParams.get('query')).toBe(query);
  });

  it.each([
    ['0.01', { max: 0.01 }, 'pass'],
    ['0.02', { max: 0.01 }, 'fail'],
    ['5', { min: 10, max: 20 }, 'fail'],
    ['10', { min: 10, max: 20 }, 'pass'],
    ['+Inf', { max: 1 }, 'fail'],
    ['-Inf', { max: 1 }, 'pass'],
  ] as const)('judges %s by %o: %s', async (value, bounds, result) => {
    expect(await judge(vector(value), bounds)).toMatchObject({ result });
  });

  it('tells what was measured, and by what', async () => {
    expect(await judge(vector('0.02'))).toEqual({
      result: 'fail',
      reason: '0.02 is over the maximum of 0.01 (error_rate)',
    });
  });

  it('reads a scalar', async () => {
    expect(await judge({ status: 'success', data: { resultType: 'scalar', result: [1, '0'] } })).toMatchObject({
      result: 'pass',
    });
  });

  it.each(['fail', 'pass', 'unsure'] as const)('says %s to no data where the spec says so', async (noData) => {
    expect(await judge(vector(), { noData })).toMatchObject({
      result: noData,
      reason: expect.stringContaining('no series'),
    });
    expect(await judge(vector('NaN'), { noData })).toMatchObject({
      result: noData,
      reason: expect.stringContaining('NaN'),
    });
  });

  it('undecided it is for people, or a failure where the spec says so', () => {
    const { signal } = new AbortController();
    const spec = { server: 'http://127.0.0.1:1', query: 'error_rate', max: 0.01, noData: 'unsure' as const };
    const of = (onUndecided: 'hold' | 'fail') => prometheusCheck({ ...spec, onUndecided }, { signal }).undecided;
    expect([of('hold'), of('fail')]).toEqual(['CHECK_UNDECIDED', 'CHECK_FAILED']);
  });

  it('fails with a query that can never give one number', async () => {
    expect(await judge(vector('1', '2'))).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('2 series'),
    });
    expect(await judge({ status: 'success', data: { resultType: 'matrix', result: [] } })).toMatchObject({
      result: 'fail',
    });
  });

  it('is unsure when the server could not say: an error, a bad gateway, nonsense, no answer', async () => {
    const error = { status: 'error', errorType: 'bad_data', error: 'parse error at char 3' };
    expect(await judge(error, { noData: 'pass' }, 400)).toMatchObject({
      result: 'unsure',
      reason: expect.stringContaining('parse error at char 3'),
    });
    expect(await judge('<html>Bad gateway</html>', { noData: 'pass' }, 502)).toMatchObject({
      result: 'unsure',
      reason: expect.stringContaining('HTTP 502'),
    });
    expect(await judge({ status: 'success', data: { resultType: 'vector', result: [{}] } })).toMatchObject({
      result: 'unsure',
    });
    expect(await run({ noData: 'pass' })).toMatchObject({
      result: 'unsure',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });
});
