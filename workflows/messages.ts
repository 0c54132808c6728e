import { ApplicationFailure, defineQuery, defineSignal, defineUpdate, log, setHandler } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { type ErrorCode, errors } from './contract/errors.ts';
import {
  type MessageArguments,
  type MessageName,
  messageDescriptions,
  messageNames,
  queryNames,
  type Reply,
} from './contract/messages.ts';
import type { ReleaseStatus } from './contract/status.ts';
import { receive } from './receive.ts';
import { withRefusal } from './state.ts';

/** Refusals that someone may ask about later: they enter the history and the status even as updates. */
const audited: ReadonlySet<ErrorCode> = new Set(['NOT_ALLOWED']);

/** Registers the query and every message, as update and as signal, all through the one state machine. */
export function handleMessages(book: Book): void {
  setHandler(defineQuery<ReleaseStatus>(queryNames.status), () => book.status, {
    description: 'All about this release: phase, what it waits for, batches with pods, log, plan.',
  });
  for (const name of messageNames) {
    const description = messageDescriptions[name];
    setHandler(
      defineUpdate<Reply, [MessageArguments[typeof name]]>(name),
      (message) => {
        const received = take(book, name, message);
        if (!received.accepted) throw refusal(received.code, received.text);
        return { text: received.text, phase: book.state.phase };
      },
      {
        description,
        validator: (message) => {
          const received = receive(book.state, book.identity.run, name, message, book.now);
          if (!received.accepted && !audited.has(received.code)) throw refusal(received.code, received.text);
        },
      },
    );
    setHandler(
      defineSignal<[unknown]>(name),
      (message) => {
        const received = take(book, name, message);
        if (!received.accepted) log.warn('Refused a signal', { name, code: received.code, reason: received.text });
      },
      { description },
    );
  }
}

function take(book: Book, name: MessageName, message: unknown): ReturnType<typeof receive> {
  const at = book.now;
  const received = receive(book.state, book.identity.run, name, message, at);
  if (received.accepted) book.set(() => received.state);
  else
    book.set((state) => withRefusal(state, { at, name, by: whoOf(message), code: received.code, text: received.text }));
  return received;
}

function whoOf(message: unknown): string {
  const by = typeof message === 'object' && message !== null ? (message as { by?: unknown }).by : undefined;
  return typeof by === 'string' ? by.slice(0, 100) : 'unknown';
}

function refusal(code: ErrorCode, text: string): ApplicationFailure {
  return ApplicationFailure.create({
    type: code,
    message: text,
    nonRetryable: true,
    details: [{ next: errors[code].next }],
  });
}
