/** A server that is slower than this is taken for one that is down. */
export const timeoutMs = 10_000;

/** One registry server (or ensemble), as a spec names it. */
export interface RegistryServer {
  readonly server: string;
  readonly callsPerSecond: number;
  /** Folder of the worker, see credentials.ts. */
  readonly credentials?: string | undefined;
}
