import { readFile } from 'node:fs/promises';
import https from 'node:https';
import type { CredentialFiles } from '../pki/authority.ts';

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or the text where it is none. */
  readonly body: unknown;
}

/** Calls the API server of the stack. `path` is like `/api/v1/nodes`. */
export type KubernetesCall = (method: string, path: string, body?: unknown, contentType?: string) => Promise<Answer>;

/**
 * The few calls that starting a stack needs, without the weight (a second of loading) of the Kubernetes client library.
 * @throws when no answer comes within 10 s
 */
export async function openKubernetes(port: number, files: CredentialFiles): Promise<KubernetesCall> {
  const [ca, cert, key] = await Promise.all(
    [files.caFile, files.certFile, files.keyFile].map((file) => readFile(file)),
  );
  const agent = new https.Agent({ keepAlive: true, maxSockets: 16, ca, cert, key });
  return (method, path, body, contentType = 'application/json') =>
    new Promise((resolve, reject) => {
      const request = https.request(
        {
          host: '127.0.0.1',
          port,
          method,
          path,
          agent,
          headers: { Accept: 'application/json', ...(body === undefined ? {} : { 'Content-Type': contentType }) },
          signal: AbortSignal.timeout(10_000),
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) }));
        },
      );
      request.on('error', reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function parse(content: Buffer): unknown {
  const text = content.toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
