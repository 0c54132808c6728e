import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { LivePod } from '../../../activities/ports.ts';
import { type HttpCheckSpec, httpCheck } from '../../../activities/verify/http.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server on an address of its own, as a pod has. Answers its port, and counts the connections that are open. */
async function serve(host: string, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer);
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => {
      open -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  // An address of the family that was asked for.
  return { port: (server.address() as AddressInfo).port, open: () => open };
}

const podOf = (name: string, podIP: string | undefined, port?: number): LivePod => ({
  name,
  uid: name,
  pod: {
    metadata: { name, uid: name, resourceVersion: '1' },
    spec: { containers: [{ name: 'app', ...(port !== undefined && { ports: [{ containerPort: port }] }) }] },
    status: { ...(podIP !== undefined && { podIP }) },
  },
});

const spec = (change: Partial<HttpCheckSpec> = {}): HttpCheckSpec => ({
  path: '/health',
  expect: 200,
  timeout: '2s',
  ...change,
});

async function run(pod: LivePod, change: Partial<HttpCheckSpec> = {}, { signal } = new AbortController()) {
  return (await httpCheck(spec(change), { signal }).run([pod])).get(pod.name);
}

describe('the HTTP check', () => {
  it('passes with the wanted status, at the first port that the pod declares', async () => {
    let asked = '';
    const { port } = await serve('127.0.0.1', (request, response) => {
      asked = `${request.method} ${request.url}`;
      response.end('ok');
    });
    const verdict = await run(podOf('shop-1', '127.0.0.1', port));
    expect(verdict).toMatchObject({
      result: 'pass',
      reason: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/health: 200 in \d+ ms$/),
    });
    expect(asked).toBe('GET /health');
  });

  it('fails with another status and tells what it measured', async () => {
    const { port } = await serve('127.0.0.1', (_, response) => response.writeHead(503).end());
    const verdict = await run(podOf('shop-1', '127.0.0.1'), { port });
    expect(verdict).toMatchObject({ result: 'fail', reason: expect.stringMatching(/: 503 in \d+ ms, expected 200$/) });
  });

  it('does not follow a redirect', async () => {
    const { port } = await serve('127.0.0.1', (_, response) => response.writeHead(302, { location: '/login' }).end());
    expect(await run(podOf('shop-1', '127.0.0.1'), { port })).toMatchObject({ result: 'fail' });
    expect(await run(podOf('shop-1', '127.0.0.1'), { port, expect: 302 })).toMatchObject({ result: 'pass' });
  });

  it('speaks to pods that have IPv6 addresses', async () => {
    const { port } = await serve('::1', (_, response) => response.end());
    expect(await run(podOf('shop-1', '::1'), { port })).toMatchObject({ result: 'pass' });
  });

  it('is unsure without an answer: refused, too slow, or no address yet', async () => {
    const silent = await serve('127.0.0.1', () => undefined);
    expect(await run(podOf('a', '127.0.0.1'), { port: silent.port, timeout: '150ms' })).toMatchObject({
      result: 'unsure',
      reason: expect.stringContaining('no answer within 150ms'),
    });
    expect(await run(podOf('b', '127.0.0.1'), { port: 1 })).toMatchObject({
      result: 'unsure',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await run(podOf('c', undefined), { port: 80 })).toMatchObject({ result: 'unsure' });
  });

  it('fails where nobody says which port', async () => {
    expect(await run(podOf('a', '127.0.0.1'))).toMatchObject({
      result: 'fail',
      reason: expect.stringContaining('http.port'),
    });
  });

  it('leaves no connection behind: it would look like a caller when the pod is drained again', async () => {
    const { port, open } = await serve('127.0.0.1', (_, response) => response.end('ok'));
    await run(podOf('a', '127.0.0.1', port));
    await expect.poll(open).toBe(0);
  });

  it('judges each pod by itself', async () => {
    const good = await serve('127.0.0.1', (_, response) => response.end());
    const bad = await serve('127.0.0.1', (_, response) => response.writeHead(500).end());
    const { signal } = new AbortController();
    const verdicts = await httpCheck(spec(), { signal }).run([
      podOf('a', '127.0.0.1', good.port),
      podOf('b', '127.0.0.1', bad.port),
    ]);
    expect([...verdicts].map(([pod, { result }]) => [pod, result])).toEqual([
      ['a', 'pass'],
      ['b', 'fail'],
    ]);
  });

  it('ends with its activity', async () => {
    const silent = await serve('127.0.0.1', () => undefined);
    const activity = new AbortController();
    const running = run(podOf('a', '127.0.0.1'), { port: silent.port }, activity);
    activity.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
  });
});
