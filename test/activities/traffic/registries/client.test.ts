import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RegistryClient } from '../../../../activities/traffic/registries/client.ts';

let answer: { readonly status: number; readonly headers?: Readonly<Record<string, string>> };
let calls = 0;
let count = 0;
const server = createServer((_, response) => {
  calls += 1;
  response.writeHead(answer.status, answer.headers ?? {}).end('{}');
});
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => server.close());

const clientAt = (path: string) => {
  const { port } = server.address() as AddressInfo;
  const to = { server: `http://127.0.0.1:${port}/${path}`, callsPerSecond: 1_000 };
  return new RegistryClient(to, new AbortController().signal);
};
/** Of a server that nobody has called yet. */
const another = () => clientAt(`${(count += 1)}`);

describe('a registry that wants to be left alone', () => {
  const inSeconds = (seconds: number): string => new Date(Date.now() + 1_000 * seconds).toUTCString();
  it.each([
    [429, 'in 20 s', () => '20'],
    [503, 'in 20 s', () => '20'],
    [503, 'at a time', () => inSeconds(20)],
  ])('says so with %i and Retry-After %s, and is: nothing is sent until then', async (status, _, retryAfter) => {
    const client = another();
    answer = { status, headers: { 'retry-after': retryAfter() } };
    await expect(client.call({ method: 'GET', path: '/' })).rejects.toThrow(`with ${status}`);
    // A date has no fractions of a second.
    expect(client.pace.closedMs).toBeGreaterThan(18_000);
    expect(client.pace.closedMs).toBeLessThanOrEqual(20_000);
    const before = calls;
    await expect(client.call({ method: 'GET', path: '/' })).rejects.toThrow('a moment ago');
    expect(calls).toBe(before);
  });

  it.each(['', 'soon', '-5', inSeconds(-60)])(
    'is left alone as any other that fails, where it says %j',
    async (value) => {
      const client = another();
      answer = { status: 503, headers: { 'retry-after': value } };
      await expect(client.call({ method: 'GET', path: '/' })).rejects.toThrow('with 503');
      expect(client.pace.closedMs).toBeGreaterThan(0);
      expect(client.pace.closedMs).toBeLessThanOrEqual(250);
    },
  );

  it('is the same with a slash at the end of its address', async () => {
    expect(clientAt('slash/').pace).toBe(clientAt('slash').pace);
    expect(clientAt('slash').pace).not.toBe(clientAt('another').pace);
  });
});
