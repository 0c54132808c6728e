import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Probe } from '../types.ts';

/**
 * Asks once.
 * @param timeoutMs how long to wait for an answer
 * @returns undefined when it is ready, else a short reason
 */
export async function ask(probe: Probe, timeoutMs = 2_000): Promise<string | undefined> {
  try {
    if (probe.kind === 'http') return await askHttp(probe, timeoutMs);
    await connect(probe.kind === 'tcp' ? { host: probe.host, port: probe.port } : { path: probe.path }, timeoutMs);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function askHttp(probe: Extract<Probe, { kind: 'http' }>, timeoutMs: number): Promise<string | undefined> {
  const [ca, cert, key] = await Promise.all([
    readIfGiven(probe.caFile),
    readIfGiven(probe.certFile),
    readIfGiven(probe.keyFile),
  ]);
  const wanted = probe.status ?? 200;
  const client = probe.url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    // No agent: a kept connection would make the next question wait for a server that is gone.
    const request = client.get(
      probe.url,
      {
        ...(ca && { ca }),
        ...(cert && { cert }),
        ...(key && { key }),
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (body.length < 2_000) body += chunk;
        });
        response.on('error', reject);
        response.on('end', () => {
          if (response.statusCode === wanted) resolve(undefined);
          else resolve(`HTTP ${response.statusCode ?? '?'}: ${firstComplaint(body)}`);
        });
      },
    );
    request.on('error', reject);
  });
}

async function readIfGiven(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : readFile(file);
}

/** Kubernetes health pages list every check; the failed ones start with "[-]". */
function firstComplaint(body: string): string {
  const lines = body.trim().split('\n');
  return (lines.find((line) => line.startsWith('[-]')) ?? lines[0] ?? '').slice(0, 200);
}

function connect(to: net.NetConnectOpts, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ ...to, timeout: timeoutMs });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    socket.once('error', reject);
  });
}
