import {
  ApplicationFailure,
  currentUpdateInfo,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setHandler,
} from '@temporalio/workflow';
import type { Book } from './book.ts';
import { type ErrorCode, errors } from './contract/errors.ts';
import {
  type MessageArguments,
  type MessageName,
  messageDescriptions,
  messageNames,
  queryNames,
  type Reply,
  type SupersedeMessage,
} from './contract/messages.ts';
import type { ReleaseStatus } from './contract/status.ts';
import { fittingStatus } from './fitting.ts';
import { type Received, receive, saidBy } from './receive.ts';
import { withRefusal } from './state.ts';
import { admit } from './supersede/admit.ts';

/** Refusals that someone may ask about later: they enter the history and the status even as updates. */
const audited: ReadonlySet<ErrorCode> = new Set(['NOT_ALLOWED']);

/** Registers the query and every message, as update and as signal, all through the one state machine. */
export function handleMessages(book: Book): void {
  setHandler(defineQuery<ReleaseStatus>(queryNames.status), () => fittingStatus(book.status), {
    description: 'All about this release: phase, what it waits for, batches with pods, log, plan.',
  });
  handleSupersede(book);
  for (const name of messageNames) {
    if (name === 'supersede') continue;
    const description = messageDescriptions[name];
    setHandler(
      defineUpdate<Reply, [MessageArguments[typeof name]]>(name),
      (message) => {
        const received = take(book, name, message);
        if (!received.accepted) throw refusal(received);
        return { text: received.text, phase: book.state.phase };
      },
      {
        description,
        validator: (message) => {
          const received = receive(book.state, book.identity.run, name, message, book.now);
          if (!received.accepted && !audited.has(received.code)) throw refusal(received);
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

/**
 * The one message that takes its time: the plan is made before it is answered. Said again with the same update id it gets
 * the same answer, also from the release that it led to.
 */
function handleSupersede(book: Book): void {
  const description = messageDescriptions.supersede;
  const saidBefore = (): string | undefined => {
    const id = currentUpdateInfo()?.id;
    const { superseding, supersedes } = book.state;
    if (id === undefined) return undefined;
    if (superseding?.updateId === id) return superseding.reply;
    return supersedes?.updateId === id ? supersedes.reply : undefined;
  };
  const judge = (message: SupersedeMessage): Received =>
    receive(book.state, book.identity.run, 'supersede', message, book.now);
  setHandler(
    defineUpdate<Reply, [SupersedeMessage]>('supersede'),
    async (message) => {
      const before = saidBefore();
      if (before !== undefined) return { text: before, phase: book.state.phase };
      const received = judge(message);
      if (!received.accepted) throw refusal(received);
      const admitted = await admit(book, saidBy(message, book.now), message, currentUpdateInfo()?.id);
      if ('code' in admitted) throw refusal(admitted);
      return admitted.reply;
    },
    {
      description,
      validator: (message) => {
        const received = judge(message);
        if (!received.accepted && saidBefore() === undefined) throw refusal(received);
      },
    },
  );
  setHandler(
    defineSignal<[SupersedeMessage]>('supersede'),
    async (message) => {
      const received = judge(message);
      const refused = received.accepted ? await admit(book, saidBy(message, book.now), message, undefined) : received;
      if ('code' in refused) note(book, 'supersede', message, refused);
    },
    { description },
  );
}

function take(book: Book, name: MessageName, message: unknown): Received {
  const received = receive(book.state, book.identity.run, name, message, book.now);
  if (received.accepted) book.set(() => received.state);
  else note(book, name, message, received);
  return received;
}

/** A message that changed nothing is kept in the status, with the reason. */
function note(book: Book, name: MessageName, message: unknown, { code, text }: Refused): void {
  book.set((state) => withRefusal(state, { at: book.now, name, by: whoOf(message), code, text }));
}

function whoOf(message: unknown): string {
  const by = typeof message === 'object' && message !== null ? (message as { by?: unknown }).by : undefined;
  return typeof by === 'string' ? by.slice(0, 100) : 'unknown';
}

interface Refused {
  readonly code: ErrorCode;
  readonly text: string;
  readonly next?: string;
}

function refusal({ code, text, next = errors[code].next }: Refused): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message: text, nonRetryable: true, details: [{ next }] });
}
