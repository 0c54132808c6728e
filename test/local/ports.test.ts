import type { AddressInfo } from 'node:net';
import net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts, isFree } from '../../local/ports.ts';
import { failureOf } from './support/environment.ts';

async function listen(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server's address is an AddressInfo
  return (server.address() as AddressInfo).port;
}

test('free ports are found, each another one', async () => {
  const ports = Object.values(await choosePorts({ wanted: { a: 0, b: 0, c: 0 } }));
  expect(new Set(ports).size).toBe(3);
  for (const port of ports) expect(await isFree(port)).toBe(true);
});

test('what it was before comes first, then what is preferred; a taken one is passed over', async () => {
  const taken = await listen();
  const { free = 0, other = 0 } = await choosePorts({ wanted: { free: 0, other: 0 } });
  const wanted = { a: free };
  expect(await choosePorts({ wanted })).toEqual({ a: free });
  expect(await choosePorts({ wanted, remembered: { a: other } })).toEqual({ a: other });
  expect(await choosePorts({ wanted, remembered: { a: taken } })).toEqual({ a: free });
  // In use, but by a part of the stack itself.
  expect(await choosePorts({ wanted, remembered: { a: taken }, own: new Set([taken]) })).toEqual({ a: taken });
});

test('two names never share a port, even when both remember the same', async () => {
  const { free = 0 } = await choosePorts({ wanted: { free: 0 } });
  const { a, b } = await choosePorts({ wanted: { a: 0, b: 0 }, remembered: { a: free, b: free } });
  expect(a).toBe(free);
  expect(b).not.toBe(free);
});

test('a taken port that was asked for is refused, by name and number', async () => {
  const taken = await listen();
  const error = await failureOf(choosePorts({ wanted: { temporal: 0 }, asked: { temporal: taken } }));
  expect(error).toMatchObject({ code: 'LOCAL_PORT_TAKEN', details: { port: taken, name: 'temporal' } });
  expect(String(error)).toContain(`Port ${taken}, asked for temporal, is taken`);
});

test.runIf(process.platform === 'linux')('who has a taken port is named', async () => {
  const taken = await listen();
  const error = await failureOf(choosePorts({ wanted: { temporal: 0 }, asked: { temporal: taken } }));
  expect(String(error)).toContain(`(process ${process.pid})`);
});

test.each([
  [{ asked: { nothing: 4000 } }, 'USAGE', 'no port named nothing'],
  [{ asked: { a: 70_000 } }, 'USAGE', '70000 is not a port number'],
  [{ asked: { a: 0 } }, 'USAGE', '0 is not a port number'],
  [{ asked: { a: 3.5 } }, 'USAGE', '3.5 is not a port number'],
  [{ asked: { a: 4001, b: 4001 } }, 'LOCAL_PORT_TAKEN', 'asked for twice'],
])('%j is refused', async ({ asked }, code, text) => {
  const error = await failureOf(choosePorts({ wanted: { a: 0, b: 0 }, asked: { ...asked } }));
  expect(error).toMatchObject({ code });
  expect(String(error)).toContain(text);
});
