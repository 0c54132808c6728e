import { Agent, request } from 'undici';
import { failureText } from '../../failureText.ts';
import { credentialsOf } from './credentials.ts';
import { excerpt, RegistryFailure, RegistryRefusal, unanswered } from './failure.ts';
import { type Pace, paceOf } from './pace.ts';
import { type RegistryServer, timeoutMs } from './server.ts';

/** 10,000 instances with 3 kB each; whoever says more is no registry. */
const mostBytes = 32 * 1024 * 1024;

export interface RegistryCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the address of the server, escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RegistryAnswer {
  /** 2xx or 404. */
  readonly status: number;
  readonly text: string;
}

/** Calls to one registry server: at a bounded rate, with a time-out, backing off while it fails. */
export class RegistryClient {
  readonly #to: RegistryServer;
  readonly #signal: AbortSignal;
  readonly pace: Pace;

  /** `signal`: the activity's; it ends every call. */
  constructor(to: RegistryServer, signal: AbortSignal) {
    this.#to = to;
    this.#signal = signal;
    this.pace = paceOf(to.server);
  }

  get server(): string {
    return this.#to.server;
  }

  /** Another server of the same registry, with a pace of its own. */
  at(server: string): RegistryClient {
    return server === this.#to.server ? this : new RegistryClient({ ...this.#to, server }, this.#signal);
  }

  /** @throws RegistryFailure when there is no answer, or another one than 2xx or 404 */
  async call({ method, path, query = {}, headers = {}, body }: RegistryCall): Promise<RegistryAnswer> {
    const { server, callsPerSecond, credentials } = this.#to;
    const { authorization, ca } = await credentialsOf(credentials);
    const attempt = await this.pace.turn(hostOf(server), callsPerSecond, this.#signal);
    const url = new URL(server);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
    for (const [key, value] of Object.entries(query)) url.searchParams.set(key, value);
    try {
      const answer = await request(url, {
        method,
        headers: { accept: 'application/json', ...(authorization && { authorization }), ...headers },
        ...(body !== undefined && { body }),
        ...(ca !== undefined && { dispatcher: trusting(ca) }),
        signal: AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]),
      });
      const text = await textOf(answer.body);
      const status = answer.statusCode;
      const isBusy = status === 429 || status >= 500;
      if (isBusy) attempt.failed(retryAfterMs(answer.headers['retry-after']));
      else attempt.succeeded();
      if (status !== 404 && (status < 200 || status > 299)) throw refused(server, `${method} ${path}`, status, text);
      return { status, text };
    } catch (error) {
      if (error instanceof RegistryFailure) throw error;
      this.#signal.throwIfAborted();
      attempt.failed();
      throw unanswered(hostOf(server), failureText(error, timeoutMs), timeoutMs);
    }
  }
}

const agents = new Map<string, Agent>();

function trusting(ca: string): Agent {
  let agent = agents.get(ca);
  if (agent === undefined) {
    agent = new Agent({ connect: { ca } });
    agents.set(ca, agent);
  }
  return agent;
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`it answers with more than ${mostBytes / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3; 0: it does not say. */
function retryAfterMs(header: string | readonly string[] | undefined): number {
  const text = String(header ?? '');
  const ms = /^\d+$/.test(text) ? 1_000 * Number(text) : Date.parse(text) - Date.now();
  return Math.max(0, ms) || 0;
}

const hostOf = (server: string): string => new URL(server).host;

function refused(server: string, what: string, status: number, text: string): RegistryFailure {
  const said = excerpt(text);
  const message = `${hostOf(server)} answers ${what} with ${status}${said === '' ? '' : `: ${said}`}.`;
  if (status === 401 || status === 403) {
    return new RegistryRefusal(
      message,
      'Correct `credentials`: the folder of the worker with what this server accepts.',
    );
  }
  if (status >= 300 && status < 400)
    return new RegistryFailure(message, 'Write the address that it points to in `server`.');
  return new RegistryFailure(message);
}
