import type { KubeConfig } from '@kubernetes/client-node';
import type { Resource } from './resources.ts';

/** Where one object is; no namespace for cluster-wide ones. */
export interface At {
  readonly namespace?: string;
  readonly name: string;
}

/** Which objects of a resource. No namespace: all of them. */
export interface Where {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface WriteOptions {
  /** Run through validation and admission without being stored. */
  readonly dryRun?: boolean;
  /** Refuse fields that the API server does not know, instead of dropping them. */
  readonly strict?: boolean;
}

interface PatchOptions extends WriteOptions {
  /** `merge`: RFC 7386, lists are replaced. `strategic`: lists merge by key (containers by name). `json`: RFC 6902. */
  readonly as: 'merge' | 'strategic' | 'json';
}

export interface ListOf<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

export type WatchEvent<T> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/**
 * One cluster's API server. Every call has a time-out; a call that fails throws a KubernetesFailure, whose `status`
 * callers may look at and whose `code` is of the error table. Reads end when the signal of `with` aborts; a write
 * that was sent is awaited, so that whoever undoes it knows whether it happened.
 */
export interface Connection {
  get<T>(resource: Resource<T>, at: At): Promise<T>;
  /** The same, undefined where there is none. */
  find<T>(resource: Resource<T>, at: At): Promise<T | undefined>;
  list<T>(resource: Resource<T>, where: Where): Promise<ListOf<T>>;
  patch<T>(resource: Resource<T>, at: At, body: unknown, options: PatchOptions): Promise<T>;
  create<T>(
    resource: Resource<T>,
    body: object,
    where: { readonly namespace?: string },
    options?: WriteOptions,
  ): Promise<T>;
  /** Deletes; done if it is gone already. `uid`: only this very object (else a failure with status 409). */
  remove<T>(resource: Resource<T>, at: At, options?: { readonly uid?: string }): Promise<void>;
  /** Events after `resourceVersion`, with bookmarks; ends when the server ends it, throws on an error. */
  watch<T>(resource: Resource<T>, where: Where, resourceVersion: string): AsyncIterable<WatchEvent<T>>;
  /** The same connection, whose calls end when `signal` aborts. */
  with(signal: AbortSignal): Connection;
  /** For what does not go over plain HTTP: `new Exec(config)`. */
  readonly config: KubeConfig;
  /** Requests sent so far, by `verb resource` such as `patch pods`. */
  readonly requests: Readonly<Record<string, number>>;
  close(): Promise<void>;
}
