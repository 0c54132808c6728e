import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcServiceError,
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { isErrorCode, SluiceError } from '../../workflows/contract/errors.ts';
import { searchAttributes, type Target, workloadName } from '../../workflows/contract/names.ts';

/**
 * Whom the failed call was meant for: the server alone, or a worker behind it. Decides what a passed deadline means:
 * a server that does not answer, or a worker that is not there.
 */
export type Addressee = 'temporal' | 'worker';

/** gRPC status codes, https://grpc.io/docs/guides/status-codes/ */
const grpc = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const;

/**
 * The one place where errors of the Temporal client become errors of the table.
 * @param target the workload that was asked about, for the text
 */
export function toSluiceError(error: unknown, addressee: Addressee, target?: Target): SluiceError {
  for (const link of chainOf(error)) {
    const known = ofClass(link, target) ?? ofGrpc(link, addressee, target);
    if (known !== undefined) return known;
  }
  return new SluiceError('INTERNAL', error instanceof Error ? error.message : String(error), { cause: error });
}

/** Runs `call` and throws what it throws as a SluiceError. */
export async function translated<T>(call: () => Promise<T>, addressee: Addressee, target?: Target): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toSluiceError(error, addressee, target);
  }
}

function ofClass(error: unknown, target: Target | undefined): SluiceError | undefined {
  if (error instanceof SluiceError) return error;
  const which = target === undefined ? 'it' : workloadName(target);
  if (error instanceof ApplicationFailure) return ofFailure(error);
  if (error instanceof WorkflowNotFoundError) {
    // The server says NOT_FOUND for both; only the text tells them apart.
    return error.message.includes('already completed')
      ? new SluiceError('RELEASE_OVER', `The release of ${which} has ended.`)
      : new SluiceError('RELEASE_NOT_FOUND', notFoundText(target));
  }
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new SluiceError('RELEASE_EXISTS', `A release of ${which} is already running.`);
  }
  if (error instanceof NamespaceNotFoundError) {
    return refusedBy(error, `The Temporal namespace ${error.namespace} does not exist.`);
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return workerSilent(error, target);
  if (error instanceof QueryNotRegisteredError) {
    return new SluiceError(
      'WORKER_ABSENT',
      'The worker that answered does not know this query: it is older than this client.',
      {
        next: 'Start a worker of this version: `sluice worker`.',
      },
    );
  }
  if (error instanceof TerminatedFailure) return ended(`It was terminated in Temporal${reason(error.message)}.`);
  if (error instanceof CancelledFailure) return ended('It was cancelled in Temporal.');
  if (error instanceof TimeoutFailure) return ended('It ran into a time-out of Temporal.');
  return undefined;
}

/** Failures of our workflows and activities carry a code as type, and `{ next, … }` as first detail. */
function ofFailure(failure: ApplicationFailure): SluiceError {
  const first: unknown = failure.details?.[0];
  const { next, ...details } = isRecord(first) ? first : {};
  if (!isErrorCode(failure.type)) {
    return new SluiceError('INTERNAL', failure.message, { cause: failure, details: { type: failure.type } });
  }
  return new SluiceError(failure.type, failure.message, {
    cause: failure,
    details,
    ...(typeof next === 'string' && { next }),
  });
}

function ofGrpc(error: unknown, addressee: Addressee, target: Target | undefined): SluiceError | undefined {
  if (!isGrpcServiceError(error)) return undefined;
  const text = readable(error.details);
  switch (error.code as number) {
    case grpc.UNAVAILABLE:
    case grpc.RESOURCE_EXHAUSTED:
    case grpc.CANCELLED:
      return new SluiceError('TEMPORAL_UNREACHABLE', `The Temporal server cannot be reached: ${text}`, {
        cause: error,
        details: { reason: text },
      });
    case grpc.DEADLINE_EXCEEDED:
      if (addressee === 'worker') return workerSilent(error, target);
      return new SluiceError('TEMPORAL_UNREACHABLE', 'The Temporal server did not answer in time.', {
        cause: error,
        details: { reason: 'it did not answer in time' },
      });
    case grpc.PERMISSION_DENIED:
    case grpc.UNAUTHENTICATED:
      return refusedBy(error, `The Temporal server does not let this client in: ${text}`);
    case grpc.NOT_FOUND:
      return new SluiceError('RELEASE_NOT_FOUND', notFoundText(target), { cause: error });
    case grpc.FAILED_PRECONDITION:
      // A run that was ended before any worker took it up has nothing that could answer.
      if (text.includes('closed before')) return ended('It was ended in Temporal before a worker took it up.');
      return text.includes('Workflow Task in failed state') ? workerUnable(error, target) : workerSilent(error, target);
    case grpc.INVALID_ARGUMENT:
      return /search attribute/.test(text) ? attributesMissing(error, text) : undefined;
    default:
      return undefined;
  }
}

function workerSilent(cause: unknown, target: Target | undefined): SluiceError {
  const which = target === undefined ? 'the release' : `the release of ${workloadName(target)}`;
  return new SluiceError('WORKER_ABSENT', `No worker answers for ${which}.`, {
    cause,
    next: 'Start one with `sluice worker`. The release itself is safe and goes on when a worker is there.',
  });
}

/** Workers are there, but their code breaks on this release: a fault of the code, or a version that it does not know. */
function workerUnable(cause: unknown, target: Target | undefined): SluiceError {
  const which = target === undefined ? 'the release' : `the release of ${workloadName(target)}`;
  return new SluiceError(
    'WORKER_ABSENT',
    `The workers that are there cannot carry on with ${which}: their code fails.`,
    {
      cause,
      next: 'Their log has the reason. If Sluice was upgraded or downgraded meanwhile, start `sluice worker` of the version before. The release itself is safe and is tried again until a worker can.',
    },
  );
}

function attributesMissing(cause: unknown, text: string): SluiceError {
  const commands = Object.entries(searchAttributes).map(
    ([name, type]) => `temporal operator search-attribute create --name ${name} --type ${titleCase(type)}`,
  );
  return refusedBy(cause, `The Temporal namespace lacks the search attributes of Sluice: ${text}.`, {
    next: `Register them once:\n${commands.join('\n')}`,
  });
}

const refusedBy = (cause: unknown, message: string, options: { next?: string } = {}): SluiceError =>
  new SluiceError('TEMPORAL_REFUSED', message, { cause, ...options });

const ended = (message: string): SluiceError =>
  new SluiceError('RELEASE_FAILED', message, {
    next: 'Nothing was undone: `sluice status` says what it left behind and how to free the workload.',
  });

function notFoundText(target: Target | undefined): string {
  if (target === undefined) return 'There is no such release.';
  const { cluster, namespace } = target;
  return `There is no release of ${workloadName(target)} in namespace ${namespace} of cluster ${cluster}.`;
}

/** What gRPC wraps around the reason is of no use to anybody. */
function readable(details: string): string {
  const inner = /Last error: (?:Error: )?(.*?)\.?\s*Resolution note:/s.exec(details)?.[1] ?? details;
  if (inner.includes('wrong version number'))
    return 'it does not speak TLS (TEMPORAL_TLS, TEMPORAL_API_KEY or a certificate asked for it).';
  if (inner.startsWith('Protocol error')) return 'what listens there does not speak gRPC.';
  return inner.trim();
}

const reason = (text: string): string => (text === '' || text === 'Workflow execution terminated' ? '' : ` (${text})`);

const titleCase = (word: string): string => `${word.charAt(0)}${word.slice(1).toLowerCase()}`;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let link = error; link !== undefined && link !== null && !chain.includes(link); ) {
    chain.push(link);
    link = link instanceof Error ? link.cause : undefined;
  }
  return chain;
}
