import { afterAll, describe, expect, it } from 'vitest';
import { RegistryClient } from '../../../../activities/traffic/registries/client.ts';
import { consulRegistry } from '../../../../activities/traffic/registries/consul.ts';
import type { Registry } from '../../../../activities/traffic/registries/registry.ts';
import { conforms } from '../../../registries/conformance.ts';
import { startConsul } from '../../../registries/consul.ts';
import { credentialsFolder } from '../../../registries/credentialsFolder.ts';
import { eventually } from '../../activities/fixtures.ts';

const server = await startConsul();
const guarded = await startConsul(true);

describe.skipIf(server === undefined)('Consul', () => {
  if (server !== undefined) conforms(server);
});

const registered = { service: 'checkout', pod: 'pod-1', ip: '10.0.0.7', port: 8080, metadata: { weight: '7' } };
const pods = [{ name: 'pod-1', uid: 'u1', pod: { metadata: {}, status: { podIP: '10.0.0.7' } } as never }];

describe.skipIf(guarded === undefined)('Consul with access control', () => {
  const credentials = credentialsFolder();
  afterAll(async () => {
    credentials.remove();
    await guarded?.close();
  });
  const registry = (token: string | undefined, more: object = {}): Registry => {
    if (token !== undefined) credentials.write(token, { token });
    const common = { server: guarded?.address ?? '', callsPerSecond: 1_000, ...(token && { credentials: token }) };
    const client = new RegistryClient(common, new AbortController().signal);
    const rules = {
      ...common,
      service: 'checkout',
      instance: {},
      missing: 'Fail' as const,
      callersCache: '0s',
      ...more,
    };
    return consulRegistry(rules, client);
  };
  const mayRead =
    'service_prefix "" { policy = "read" } node_prefix "" { policy = "read" } agent_prefix "" { policy = "read" }';
  const mayWrite = mayRead.replace('service_prefix "" { policy = "read" }', 'service "checkout" { policy = "write" }');

  it('a token that may write takes out and puts back; one that may only read is refused, and says so', async () => {
    const user = await guarded!.register(registered);
    const reader = registry(await guarded!.token(mayRead));
    const writer = registry(await guarded!.token(mayWrite));
    const seen = (await reader.look(pods)).get('pod-1');
    expect(seen).toMatchObject({ is: 'there', stand: { inTraffic: true, takenOut: false } });
    if (seen?.is !== 'there') throw new Error('it is not there');
    await expect(reader.takeOut(seen.stand)).rejects.toMatchObject({
      message: expect.stringContaining('403: Permission denied'),
      next: expect.stringContaining('credentials'),
    });
    await writer.takeOut(seen.stand);
    await eventually(async () => !(await guarded!.isCalled(registered)));
    await user.again();
    expect((await reader.look(pods)).get('pod-1')).toMatchObject({ stand: { takenOut: true } });
    await writer.putBack(seen.stand, seen.stand);
    await eventually(() => guarded!.isCalled(registered));

    await user.leave();
    await expect(reader.hold?.(seen.stand, pods[0]!)).rejects.toMatchObject({
      message: expect.stringContaining('Permission denied'),
    });
    await writer.hold?.(seen.stand, pods[0]!);
    const held = (await reader.look(pods)).get('pod-1');
    if (held?.is !== 'none' || held.place === undefined) throw new Error('no place is held');
    await writer.putBack(held.place, seen.stand);
    expect((await reader.look(pods)).get('pod-1')).toEqual({ is: 'none' });

    // One that nobody takes away is not its agent's, who says so at its next comparison; the first one is when it starts.
    await writer.hold?.(seen.stand, pods[0]!);
    expect((await reader.look(pods)).get('pod-1')).toMatchObject({ is: 'none', place: { held: 'place' } });
    await guarded!.restart();
    await eventually(async () => JSON.stringify((await reader.look(pods)).get('pod-1')) === '{"is":"none"}');
  });

  it('a token that nobody has made is refused; without any, nothing can be seen', async () => {
    const unknown = registry('99999999-2222-3333-4444-555555555555');
    await expect(unknown.look(pods)).rejects.toMatchObject({ message: expect.stringContaining('403: ACL not found') });
    // Consul leaves out what a caller may not see: the plan says that there is no such service.
    const nobody = registry(undefined);
    expect((await nobody.look(pods)).get('pod-1')).toEqual({ is: 'none' });
    expect(await nobody.services?.()).toEqual([]);
  });

  it('a datacenter that it does not know, and an agent that does not have the instance, are told', async () => {
    const token = await guarded!.token(mayWrite);
    await expect(registry(token, { datacenter: 'dc9' }).look(pods)).rejects.toThrow('No path to datacenter');
    // Instances that no agent has, or another one: the plan refuses them, and says what is missing.
    await guarded!.catalog({ ...registered, service: 'agentless' });
    const agentless = registry(await guarded!.token(mayWrite.replace('checkout', 'agentless')), {
      service: 'agentless',
    });
    await eventually(async () => (await agentless.look(pods)).get('pod-1')?.is === 'unanswered');
    expect((await agentless.look(pods)).get('pod-1')).toMatchObject({
      why: { message: expect.stringContaining('does not have the instance'), next: expect.stringContaining('{node}') },
    });
    const stand = {
      id: 'n/none',
      inTraffic: true,
      takenOut: false,
      state: { id: 'none', agent: `${guarded!.address}/` },
    };
    await expect(registry(token).takeOut(stand)).rejects.toMatchObject({
      message: expect.stringContaining('does not have the instance none'),
    });
  });
});
