import { decode } from './decode.ts';
import { type Asked, answerFailure, networkFailure } from './kubernetesFailure.ts';
import type { WatchEvent } from './types.ts';

interface RawEvent<T> {
  readonly type: string;
  readonly object: T & { readonly metadata: { readonly resourceVersion: string }; readonly code?: number };
}

/** The lines of a watch's body as events. An ERROR event (410: the version is too old) is thrown as its failure. */
export async function* watchEvents<T>(
  asked: Asked,
  server: string,
  body: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines(asked, server, body, signal)) {
    const event = decode<RawEvent<T>>(line);
    if (event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED') {
      yield { type: event.type, object: event.object };
    } else if (event.type === 'BOOKMARK') {
      yield { type: 'BOOKMARK', resourceVersion: event.object.metadata.resourceVersion };
    } else {
      throw answerFailure(asked, event.object.code ?? 500, JSON.stringify(event.object), undefined);
    }
  }
}

async function* lines(
  asked: Asked,
  server: string,
  body: AsyncIterable<Uint8Array | string>,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of body) {
      const parts = (rest + (typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }))).split('\n');
      rest = parts.pop() ?? '';
      yield* parts.filter((part) => part !== '');
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw networkFailure(asked, server, error);
  }
  // A last line that was cut is not an event.
}
