import { isIP } from 'node:net';

/** An image reference taken apart, with Docker's defaults filled in. */
export interface ImageReference {
  /** Registry host and port: `docker.io`, `registry.local:5000`. */
  readonly host: string;
  /** `library/nginx`, `shop/checkout`. */
  readonly repository: string;
  readonly tag?: string;
  /** `sha256:…` */
  readonly digest?: string;
}

/**
 * Reads `[host/]repository[:tag][@digest]` as Docker and kubelet do: without a host it is docker.io, a single name
 * there is in library/, without tag and digest it is `latest`.
 */
export function parseImage(image: string): ImageReference {
  const [named = '', digest] = image.split('@', 2);
  const lastSlash = named.lastIndexOf('/');
  const colon = named.indexOf(':', lastSlash + 1);
  const name = colon === -1 ? named : named.slice(0, colon);
  const tag = colon === -1 ? undefined : named.slice(colon + 1);
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const hasHost = first === 'localhost' || first.includes('.') || first.includes(':');
  const host = hasHost ? first.replace(/^(index|registry-1)\.docker\.io$/, 'docker.io') : 'docker.io';
  const path = hasHost ? name.slice(slash + 1) : name;
  const repository = host === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  return {
    host,
    repository,
    ...(tag === undefined && digest === undefined ? { tag: 'latest' } : tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** `image` with everything spelled out: `nginx` → `docker.io/library/nginx:latest`. With a digest the tag is left out: it decides nothing. */
export function normalImage(image: string): string {
  const { host, repository, tag, digest } = parseImage(image);
  return `${host}/${repository}${digest === undefined ? `:${tag}` : `@${digest}`}`;
}

/** Where a registry answers, as `https://host`. Plain HTTP only on loopback. */
export function serverOf(host: string): string {
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return `${isLoopback(server) ? 'http' : 'https'}://${server}`;
}

/** `localhost`, `127.0.0.1:5000`, `[::1]:5000`. */
export function isLoopback(hostAndPort: string): boolean {
  const host = hostAndPort.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
