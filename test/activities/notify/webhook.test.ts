import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createNotifier } from '../../../activities/notify/index.ts';
import type { ReleaseEvent } from '../../../workflows/contract/activities/record.ts';

const event: ReleaseEvent = {
  id: 'release/local/shop/deployment/checkout',
  run: 'run-1',
  kind: 'gate',
  app: 'checkout',
  version: 'v2',
  text: 'Waits for approval.',
  at: '2026-11-21T06:00:00.000Z',
};

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

async function serve(answer: (response: ServerResponse) => void) {
  const got: { headers: IncomingHttpHeaders; method: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      got.push({ headers: request.headers, method: request.method, body });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  // A server that listens on TCP has such an address.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/very-secret`, got };
}

const send = (url: string, { signal } = new AbortController()): Promise<void> =>
  createNotifier({ webhook: { url } }, { signal }).send(event);

describe('the webhook', () => {
  it('gets the event as JSON, with a key by which a second copy is known', async () => {
    const { url, got } = await serve((response) => response.writeHead(204).end());
    await send(url);
    await send(url);
    expect(got).toHaveLength(2);
    expect(got[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(got[0]?.body ?? '')).toEqual(event);
    expect(got[0]?.headers['idempotency-key']).toBe(got[1]?.headers['idempotency-key']);
  });

  it.each([302, 404, 500])('that answers %i was not told; the secret in its path is not repeated', async (status) => {
    const { url } = await serve((response) => response.writeHead(status, { location: '/' }).end('secret words'));
    const failure = await send(url).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NOTIFY_FAILED', message: expect.stringContaining(`it answered ${status}`) });
    expect(String(failure)).not.toContain('secret');
  });

  it('that cannot be reached was not told', async () => {
    const failure = await send('http://127.0.0.1:1/very-secret').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'NOTIFY_FAILED', message: expect.stringContaining('ECONNREFUSED') });
    expect(String(failure)).not.toContain('secret');
  });

  it('that does not answer is left with its activity', async () => {
    const { url, got } = await serve(() => undefined);
    const activity = new AbortController();
    const sending = send(url, activity);
    await expect.poll(() => got.length).toBe(1);
    activity.abort(new Error('cancelled'));
    await expect(sending).rejects.toThrow('cancelled');
  });
});
