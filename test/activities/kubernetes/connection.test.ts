import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { connect } from '../../../activities/kubernetes/connection.ts';
import { loadKubeConfig } from '../../../activities/kubernetes/kubeConfig.ts';
import { deployments, nodes, podStatus, pods } from '../../../activities/kubernetes/resources.ts';
import type { Connection } from '../../../activities/kubernetes/types.ts';

let server: Server | undefined;
let kube: Connection | undefined;

afterEach(async () => {
  await kube?.close();
  server?.closeAllConnections();
  server?.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A connection to a server that answers like this. */
async function connected(answer: Answer): Promise<Connection> {
  server = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server: url, skipTLSVerify: true }, { name: 'u', token: 'hunter2' });
  kube = connect(config);
  return kube;
}

interface Seen {
  readonly line: string;
  readonly type: string | undefined;
  readonly body: string;
}

const seenOf = async (request: IncomingMessage): Promise<Seen> => ({
  line: `${request.method} ${request.url}`,
  type: request.headers['content-type'],
  body: await text(request),
});

describe('Connection', () => {
  it('has no more than 64 calls under way at once, and gets an answer to each', async () => {
    let now = 0;
    let most = 0;
    const connection = await connected(async (_, response) => {
      now += 1;
      most = Math.max(most, now);
      await sleep(50);
      now -= 1;
      response.end('{"kind":"Pod"}');
    });
    const calls = Array.from({ length: 300 }, (_, index) =>
      connection.get(pods, { namespace: 'shop', name: `p${index}` }),
    );
    expect(await Promise.all(calls)).toHaveLength(300);
    expect(most).toBeLessThanOrEqual(64);
  });

  it('names path, field manager, patch type and dry run, and is logged in', async () => {
    const seen: Seen[] = [];
    const connection = await connected(async (request, response) => {
      if (request.headers.authorization !== 'Bearer hunter2') response.writeHead(500);
      seen.push(await seenOf(request));
      response.end('{"items":[],"metadata":{"resourceVersion":"7"}}');
    });
    const at = { namespace: 'shop', name: 'a' };
    await connection.get(pods, at);
    expect(await connection.list(nodes, { labelSelector: 'zone in (a,b)' })).toEqual({
      items: [],
      resourceVersion: '7',
    });
    await connection.patch(podStatus, at, { x: 1 }, { as: 'strategic' });
    await connection.patch(deployments, at, [], { as: 'json', dryRun: true });
    await connection.create(pods, { y: 2 }, { namespace: 'shop' });
    await connection.remove(pods, at, { uid: 'u1' });
    expect(seen).toEqual([
      { line: 'GET /api/v1/namespaces/shop/pods/a', type: undefined, body: '' },
      { line: 'GET /api/v1/nodes?labelSelector=zone+in+%28a%2Cb%29', type: undefined, body: '' },
      {
        line: 'PATCH /api/v1/namespaces/shop/pods/a/status?fieldManager=sluice',
        type: 'application/strategic-merge-patch+json',
        body: '{"x":1}',
      },
      {
        line: 'PATCH /apis/apps/v1/namespaces/shop/deployments/a?fieldManager=sluice&dryRun=All',
        type: 'application/json-patch+json',
        body: '[]',
      },
      { line: 'POST /api/v1/namespaces/shop/pods?fieldManager=sluice', type: 'application/json', body: '{"y":2}' },
      {
        line: 'DELETE /api/v1/namespaces/shop/pods/a',
        type: 'application/json',
        body: '{"propagationPolicy":"Background","preconditions":{"uid":"u1"}}',
      },
    ]);
    expect(connection.requests).toEqual({
      'get pods': 1,
      'list nodes': 1,
      'patch pods/status': 1,
      'patch deployments': 1,
      'create pods': 1,
      'delete pods': 1,
    });
  });

  it('keeps fields that no client knows', async () => {
    const object = { metadata: { name: 'a' }, spec: { somethingNew: { in: ['1.99'] } } };
    const connection = await connected((_, response) => response.end(JSON.stringify(object)));
    expect(await connection.get(deployments, { namespace: 'shop', name: 'a' })).toEqual(object);
  });

  it('answers a missing object with undefined where that is asked for', async () => {
    const connection = await connected((_, response) => response.writeHead(404).end());
    const at = { namespace: 'shop', name: 'a' };
    expect(await connection.find(deployments, at)).toBeUndefined();
    await connection.remove(deployments, at);
    await expect(connection.get(deployments, at)).rejects.toMatchObject({ code: 'WORKLOAD_NOT_FOUND', status: 404 });
  });

  it('logs in anew once when the login is refused', async () => {
    let count = 0;
    const connection = await connected((_, response) => {
      count += 1;
      response.writeHead(count === 1 ? 401 : 200).end('{}');
    });
    await connection.get(pods, { namespace: 'shop', name: 'a' });
    expect(count).toBe(2);
    count = -9;
    const always = await connected((_, response) => response.writeHead(401).end());
    await expect(always.get(pods, { namespace: 'shop', name: 'a' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it('uses few connections', async () => {
    const sockets = new Set<unknown>();
    const connection = await connected((request, response) => {
      sockets.add(request.socket);
      response.end('{}');
    });
    for (let count = 0; count < 50; count += 1) await connection.get(pods, { namespace: 'shop', name: 'a' });
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('ends a read when its signal aborts, and awaits a write that was sent', async () => {
    const connection = await connected(async (_, response) => {
      await sleep(200);
      response.end('{"done":true}');
    });
    const ending = new AbortController();
    const bound = connection.with(ending.signal);
    const at = { namespace: 'shop', name: 'a' };
    const read = bound.get(pods, at);
    const write = bound.patch(pods, at, {}, { as: 'merge' });
    setTimeout(() => ending.abort(new Error('cancelled')), 50);
    await expect(read).rejects.toThrow('cancelled');
    expect(await write).toEqual({ done: true });
    await expect(bound.patch(pods, at, {}, { as: 'merge' })).rejects.toThrow('cancelled');
  });

  it('cuts a watch into events wherever the network cuts it, and throws its error event', async () => {
    const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;
    const bytes = Buffer.from(
      line('ADDED', { metadata: { name: 'größe', resourceVersion: '5' } }) +
        line('BOOKMARK', { metadata: { resourceVersion: '9' } }) +
        line('ERROR', { kind: 'Status', code: 410, message: 'too old resource version' }),
    );
    const connection = await connected(async (request, response) => {
      expect(request.url).toMatch(/watch=true&allowWatchBookmarks=true&resourceVersion=3&timeoutSeconds=/);
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        if (byte === 0xc3) await sleep(5);
      }
      response.end();
    });
    const seen: unknown[] = [];
    const watching = (async () => {
      for await (const event of connection.watch(pods, { namespace: 'shop' }, '3')) seen.push(event);
    })();
    await expect(watching).rejects.toMatchObject({ status: 410, message: expect.stringContaining('too old') });
    expect(seen).toEqual([
      { type: 'ADDED', object: { metadata: { name: 'größe', resourceVersion: '5' } } },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ]);
  });

  it('never says its login in an error', async () => {
    const connection = await connected((request) => request.socket.destroy());
    const error: unknown = await connection
      .get(pods, { namespace: 'shop', name: 'a' })
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'CLUSTER_UNREACHABLE', retryable: true });
    expect(JSON.stringify(error) + String(error)).not.toContain('hunter2');
  });
});

describe('loadKubeConfig', () => {
  it('says what is wrong with the kubeconfig', () => {
    expect(() => loadKubeConfig({ kubeconfig: '/does/not/exist' })).toThrow(/The kubeconfig cannot be read: .*ENOENT/);
    const config = new KubeConfig();
    config.loadFromOptions({ clusters: [], users: [], contexts: [{ name: 'x', cluster: 'a', user: 'a' }] });
    expect(() => connect(config)).toThrow('The kubeconfig has no current context; it has: x.');
    expect(() => loadKubeConfig({ context: 'nope' })).toThrow(/no context "nope"; it has: /);
  });
});
