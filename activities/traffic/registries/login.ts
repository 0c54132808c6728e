import type { RegistryAnswer, RegistryCall, RegistryClient } from './client.ts';
import { credentialsOf, type User } from './credentials.ts';
import { RegistryRefusal } from './failure.ts';

/** Tokens of this process by server and user. One whose login is under way is waited for, not asked for twice. */
const tokens = new Map<string, Promise<string>>();

/**
 * The calls of a client to a server that gives a token for name and password: logs in before the first call, and once more
 * when one is refused, as tokens expire. Where `credentials` have no name and password the calls go as they are.
 * @param login asks the server for a token
 */
export function loggedIn(
  client: RegistryClient,
  credentials: string | undefined,
  login: (user: User) => Promise<string>,
): (call: RegistryCall) => Promise<RegistryAnswer> {
  return async (call) => {
    const { user } = await credentialsOf(credentials);
    if (user === undefined) return client.call(call);
    const key = JSON.stringify([client.server, user]);
    const send = async (token: Promise<string>): Promise<RegistryAnswer> =>
      client.call({ ...call, headers: { ...call.headers, authorization: `Bearer ${await token}` } });
    const known = tokens.get(key);
    if (known !== undefined) {
      try {
        return await send(known);
      } catch (error) {
        if (!(error instanceof RegistryRefusal)) throw error;
        if (tokens.get(key) === known) tokens.delete(key);
      }
    }
    let token = tokens.get(key);
    if (token === undefined) {
      token = login(user);
      tokens.set(key, token);
      token.catch(() => tokens.delete(key));
    }
    return send(token);
  };
}
