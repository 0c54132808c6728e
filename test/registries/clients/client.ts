/** What an application and its callers do on a registry, as that registry's own clients do it: for whole releases under load. */
export interface RegistryClients {
  /** How a caller of this kind caches what it found, in one sentence. */
  readonly caches: string;
  /** The longest that a caller goes on with what it found: what `callersCache` must not be shorter than. */
  readonly callersCache: string;
  /** The address of who registers for the application, where that does not speak the registry's protocol. */
  readonly agent?: string;
  /** What the application in a pod tells a registry at `address`, which is how pods reach it. */
  registration(address: string, service: string): Registration;
  /** Tells the addresses of the instances that are called, first before it returns, then whenever it hears of others. */
  follow(service: string, tell: (addresses: readonly string[]) => void, signal: AbortSignal): Promise<void>;
}

/** REGISTRATION of local/go/sample: see registration.go. `{ip}`, `{pod}`, `{number}` and `{started}` stand for what the application has. */
export interface Registration {
  readonly register: readonly RegistryCall[];
  readonly beat: readonly RegistryCall[];
  readonly leave: readonly RegistryCall[];
  readonly everyMs: number;
}

export interface RegistryCall {
  readonly method: string;
  readonly url: string;
  readonly header?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly expect?: string;
  readonly base64?: Readonly<Record<string, string>>;
  readonly optional?: boolean;
}

/** The port of the sample. */
export const port = 8080;
