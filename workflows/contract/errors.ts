/**
 * The one error table. CLI, HTTP API and workflow failures share its codes; docs/errors.md is made from it.
 * `retryable` says whether the same call can succeed later without anybody changing anything.
 */
export interface ErrorRow {
  /** One sentence for people: what happened. */
  readonly message: string;
  /** What to do next. */
  readonly next: string;
  /** HTTP status (RFC 9457 problem details). */
  readonly http: number;
  /** CLI exit code, see {@link ExitCode}. */
  readonly exit: ExitCode;
  readonly retryable: boolean;
}

/** 0 done, 1 usage or bad input, 2 not found, 3 refused, 4 release failed or rolled back, 5 timed out waiting, 6 a server cannot be reached. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6;

const row = (http: number, exit: ExitCode, retryable: boolean, message: string, next: string): ErrorRow => ({
  message,
  next,
  http,
  exit,
  retryable,
});

export const errors = {
  // What the user wrote
  USAGE: row(400, 1, false, 'The command line is wrong.', 'Run the command with --help.'),
  SPEC_INVALID: row(
    422,
    1,
    false,
    'The release spec is not valid.',
    'Correct the named field; `sluice schema` prints the JSON Schema for your editor.',
  ),
  SPEC_UNREADABLE: row(
    400,
    1,
    false,
    'The release spec cannot be read.',
    'Check the path and the YAML syntax at the named line.',
  ),
  MODE_UNSUPPORTED: row(
    422,
    1,
    false,
    'That mode is not for that kind of workload.',
    'Use one of the modes that the error names; docs/kinds-and-modes.md has them all.',
  ),
  MESSAGE_INVALID: row(
    400,
    1,
    false,
    'The message to the release is not understood.',
    'Send the fields that the error names; the description of the update shows an example.',
  ),

  // What the cluster has
  CLUSTER_UNKNOWN: row(
    404,
    2,
    false,
    'No worker serves that cluster.',
    'Start one with `sluice worker --cluster <name>`, or correct target.cluster.',
  ),
  CLUSTER_UNREACHABLE: row(
    503,
    6,
    true,
    'The Kubernetes API server cannot be reached.',
    'Check the kubeconfig and the network of the worker; `sluice doctor` looks at the local stack.',
  ),
  NAMESPACE_NOT_FOUND: row(
    404,
    2,
    false,
    'The namespace does not exist.',
    'Correct metadata.namespace; `kubectl get namespaces` lists them.',
  ),
  WORKLOAD_NOT_FOUND: row(
    404,
    2,
    false,
    'The workload does not exist.',
    'Correct target.workload and metadata.namespace; `kubectl get deployments,statefulsets,daemonsets -A` lists them.',
  ),
  CONTAINER_NOT_FOUND: row(
    422,
    2,
    false,
    'The workload has no container of that name.',
    'Use one of the container names that the error lists.',
  ),
  SERVICE_NOT_FOUND: row(
    404,
    2,
    false,
    'The Service to drain does not exist.',
    'Correct traffic.through, or leave it out to release without a drain.',
  ),
  SERVICE_UNUSABLE: row(
    422,
    3,
    false,
    'The Service cannot be used to drain these pods.',
    'Name a Service whose selector matches the pods of the workload, or use another way out of traffic.',
  ),
  REGISTRY_UNUSABLE: row(
    422,
    3,
    false,
    'The service registry cannot be used to drain these pods.',
    'Correct its entry in traffic.through; nothing has been touched.',
  ),
  INSTANCE_NOT_FOUND: row(
    422,
    3,
    false,
    'A pod has no instance in the service registry.',
    'See why it is not registered, say under `instance` how it is known there, or write `missing: Skip` to change it all the same.',
  ),
  SILENCE_UNUSABLE: row(
    422,
    3,
    false,
    'Silence cannot be seen as traffic.silence says.',
    'Correct traffic.silence; nothing has been touched.',
  ),
  REGISTRY_UNREACHABLE: row(
    503,
    6,
    true,
    'The service registry does not do what it is asked to.',
    'See whether it runs and what it says; it is tried again by itself.',
  ),
  ROUTE_NOT_FOUND: row(
    404,
    2,
    false,
    'The route that shall split callers does not exist.',
    'Correct strategy.canary.route, or leave it out: then the numbers of pods split them.',
  ),
  ROUTE_UNFIT: row(
    422,
    3,
    false,
    'The route cannot split callers between the old and the new version.',
    'The error says why; without strategy.canary.route the numbers of pods split them.',
  ),
  ROUTE_NOT_HEEDED: row(
    504,
    4,
    false,
    'The gateway does not follow the route.',
    'See the status of the route and the controller of its gateway: callers may be sent as they were before.',
  ),
  IMAGE_NOT_FOUND: row(
    422,
    2,
    false,
    'The registry does not have that image.',
    'Push the image, or correct the tag; nothing has been touched.',
  ),
  IMAGE_PULL_FAILED: row(
    422,
    4,
    false,
    'A node cannot pull the new image.',
    'Read the reason that the node gives: push the image, correct the tag, or add imagePullSecrets to the workload; nothing has been touched.',
  ),
  PRE_PULL_FAILED: row(
    503,
    4,
    false,
    'The new image could not be pulled before the release.',
    'Put right what the error names, raise change.prePullTimeout, or set change.prePull to Auto to go on all the same; nothing has been touched.',
  ),
  IMAGE_UNCHANGED: row(
    409,
    3,
    false,
    'Every pod runs that image already.',
    'Nothing to do; `sluice restart` restarts them as they are.',
  ),
  RELOAD_UNCHANGED: row(
    409,
    3,
    false,
    'Every pod runs that version already.',
    'Nothing to do; give what is to be reloaded a version of its own.',
  ),
  RELOAD_IMPOSSIBLE: row(
    422,
    3,
    false,
    'A container cannot reload in that way.',
    'Correct change.reload: a command needs its program in the image, a signal a shell or `kill`, and a process that handles it.',
  ),
  RESTART_UNSAFE: row(
    409,
    3,
    false,
    'A restart in place could change which image the pods run.',
    'The error says why; `--mode Recreate` makes the pods anew instead.',
  ),
  FORBIDDEN: row(
    403,
    3,
    false,
    'The worker may not do that in the cluster.',
    'Grant the verbs that the error lists; deploy/rbac.yaml has the role.',
  ),
  PATCH_REFUSED: row(
    422,
    3,
    false,
    'The API server or an admission webhook refuses the change.',
    'Read the reason it gives; no pod has been taken out of traffic for it.',
  ),
  WORKLOAD_BUSY: row(
    409,
    3,
    false,
    'The workload is held by another release or rollout.',
    'Wait for it, roll it back, or see `sluice status` for who holds it.',
  ),
  WORKLOAD_CHANGED: row(
    409,
    3,
    false,
    'Somebody else changed the workload during the release.',
    '`sluice take-over` undoes that change and goes on, `sluice adopt` keeps it and ends the release, `sluice rollback` brings the pods back; or make the workload as it was and `sluice resume`.',
  ),
  WORKLOAD_UNFIT: row(
    422,
    3,
    false,
    'The workload cannot be released this way.',
    'The error names the reason and the way out.',
  ),
  NO_ROOM: row(
    422,
    3,
    false,
    'There is no room for the new pods beside the old.',
    'Raise the quota for the time of the release, or use a mode that needs none: InPlaceIfPossible or Recreate.',
  ),
  REVISION_NOT_FOUND: row(
    404,
    2,
    false,
    'The workload has no such revision to go back to.',
    '`sluice history` shows those there are; spec.revisionHistoryLimit of the workload says how many are kept.',
  ),
  NOT_IN_PLACE: row(
    422,
    3,
    false,
    'That change cannot be made in place.',
    'Images of containers can, and cpu and memory where the cluster lets them; the error names what else is other, or why not, and what does it.',
  ),
  REPLICAS_UNCHANGED: row(
    409,
    3,
    false,
    'The workload is asked for that many pods already.',
    'Nothing to do; `kubectl get` shows how many of them are ready.',
  ),
  PODS_OVERTAKEN: row(
    409,
    3,
    false,
    'The controller of the workload would take other pods away than were chosen.',
    'Look at the pods that the error names: those that are not ready go before all others. `sluice resume` chooses anew, `sluice rollback` goes back.',
  ),
  PODS_NOT_FOUND: row(
    404,
    2,
    false,
    'The workload has no pod of that name.',
    '`kubectl get pods` or `sluice traffic` shows those there are.',
  ),
  OUT_ALREADY: row(
    409,
    3,
    false,
    'A pod is out of traffic already.',
    '`sluice traffic` shows who took it out; put it back there first, or leave it as it is.',
  ),
  LAST_POD: row(
    409,
    3,
    false,
    'No ready pod of the workload would be left in traffic.',
    'Take fewer pods out, or add some first with `sluice scale`.',
  ),
  AUTOSCALED: row(
    409,
    3,
    false,
    'A HorizontalPodAutoscaler says how many pods the workload has.',
    'Change its bounds; or scale with `--hpa suspend`, and it does nothing meanwhile, or with `--hpa bound`, and its bounds hold the new number.',
  ),
  NO_PODS: row(
    409,
    3,
    false,
    'The workload has no pods to release.',
    'Scale it up (a DaemonSet: see which nodes it is for), or change its template directly.',
  ),
  CONFLICT: row(409, 3, true, 'The object changed between reading and writing.', 'It is tried again by itself.'),

  // What happens to a release
  RELEASE_EXISTS: row(
    409,
    3,
    false,
    'A release of this workload is already running.',
    'See it with `sluice status`, approve it, roll it back first, or let it go on to the newer version with `sluice release … --supersede`.',
  ),
  RELEASE_NOT_FOUND: row(
    404,
    2,
    false,
    'There is no release of that workload.',
    '`sluice list` shows the releases; check cluster, namespace and kind.',
  ),
  RELEASE_OVER: row(
    409,
    3,
    false,
    'The release has ended.',
    'Start a new one, or go back to the version before with `sluice undo`; `sluice status` shows how this one ended.',
  ),
  REFUSED: row(
    409,
    3,
    false,
    'The release does not accept that now.',
    '`sluice status` shows its phase and what it waits for.',
  ),
  GATE_PASSED: row(
    409,
    3,
    false,
    'That gate is not open.',
    'See `sluice status` for the open gate and approve that one.',
  ),
  ALREADY_DECIDED: row(409, 3, false, 'That decision was made already.', 'Nothing to do; it counts once.'),
  NOT_ALLOWED: row(
    403,
    3,
    false,
    'You are not among the approvers of this gate.',
    'Ask one of the approvers that the error lists.',
  ),
  POD_FAILED: row(
    502,
    4,
    false,
    'A pod did not become ready on the new version.',
    'Look at its logs; the release rolls back or holds as onFailure says.',
  ),
  ARTIFACT_UNFIT: row(
    422,
    3,
    false,
    'A file to be put into containers is not what was asked for.',
    'Correct url and sha256 of change.reload.files; nothing has been touched.',
  ),
  ARTIFACT_UNREACHABLE: row(
    503,
    6,
    true,
    'A file to be put into containers cannot be downloaded now.',
    'Check the URL, and the network of the worker.',
  ),
  RELOAD_FAILED: row(
    502,
    4,
    false,
    'A container did not reload.',
    'Read what the command said, and the logs of the container; the release rolls back or holds as onFailure says.',
  ),
  FALLEN_BACK: row(
    409,
    4,
    false,
    'Pods do not run any more what was reloaded into them.',
    'Reload them with `sluice verify --repair`.',
  ),
  CHECK_FAILED: row(
    502,
    4,
    false,
    'A check of the new version failed.',
    'Read what it measured in the release status.',
  ),
  CHECK_UNDECIDED: row(
    502,
    4,
    false,
    'A check of the new version could not be decided: no data, or nobody who could tell.',
    '`sluice resume` asks again, `sluice approve` goes on without it, `sluice rollback` undoes the release.',
  ),
  DRAIN_TIMEOUT: row(
    504,
    4,
    false,
    'A pod still had connections when maxDrain was over.',
    'Raise traffic.maxDrain, or set traffic.onDrainTimeout to Continue.',
  ),
  BATCH_TIMEOUT: row(
    504,
    4,
    false,
    'A batch took longer than strategy.batchTimeout.',
    'See in the status which pods were slow; raise strategy.batchTimeout, or make the batches smaller.',
  ),
  PROGRESS_DEADLINE_EXCEEDED: row(
    504,
    4,
    false,
    'No pod came any further for strategy.progressDeadline.',
    'See in the status at which stage the pods stand, and in the Temporal UI what its activity is waiting for.',
  ),
  RELEASE_FAILED: row(
    502,
    4,
    false,
    'The release failed.',
    'The status names the step and the reason; fix it and release again.',
  ),
  ROLLBACK_INCOMPLETE: row(
    500,
    4,
    false,
    'Something could not be undone.',
    'The error lists each step by name with the command that finishes it by hand.',
  ),
  WAIT_TIMEOUT: row(
    504,
    5,
    true,
    'The time given with --timeout is over; the release goes on.',
    'Wait again with `sluice status --wait`.',
  ),

  // Servers we need
  TEMPORAL_UNREACHABLE: row(
    503,
    6,
    true,
    'The Temporal server cannot be reached.',
    'Start the local stack with `sluice up`, or set TEMPORAL_ADDRESS.',
  ),
  TEMPORAL_REFUSED: row(
    502,
    6,
    false,
    'The Temporal server does not let this client in, or is not set up for Sluice.',
    'Correct TEMPORAL_NAMESPACE or the credentials, or register the search attributes that the error lists.',
  ),
  WORKER_ABSENT: row(
    503,
    6,
    true,
    'No worker is running for this task queue.',
    'Start one with `sluice worker`. What runs goes on then, and hears a rollback, pause, approval or rejection that was said meanwhile; anything else is to be said again, and nothing that was to begin has begun.',
  ),
  NOTIFY_FAILED: row(
    502,
    6,
    true,
    'Somebody whom the spec names could not be told.',
    'Check the address in `notify`; the release goes on without it.',
  ),

  // The local stack
  LOCAL_BINARY_UNAVAILABLE: row(
    500,
    6,
    false,
    'A program of the local stack is not here and cannot be got.',
    'Connect to the network, install Go 1.24 or newer, or name the program with SLUICE_BIN_<NAME>.',
  ),
  LOCAL_CHECKSUM: row(
    502,
    6,
    true,
    'A downloaded program has the wrong checksum and was thrown away.',
    'Try again; if it stays, the mirror is broken.',
  ),
  LOCAL_PORT_TAKEN: row(
    409,
    3,
    false,
    'A port that was asked for is taken.',
    'Choose another, or leave the option out and a free one is found.',
  ),
  LOCAL_PART_DIED: row(
    500,
    6,
    true,
    'A part of the local stack died.',
    'Its last log lines are shown; `sluice up` starts it again.',
  ),
  LOCAL_UNSUPPORTED: row(
    422,
    1,
    false,
    'This machine cannot run that part of the local stack.',
    'The error names what is missing; the kwok runtime needs none of it.',
  ),
  LOCAL_NOT_UP: row(404, 2, false, 'The local stack is not running.', 'Start it with `sluice up`.'),

  INTERNAL: row(
    500,
    1,
    false,
    'Sluice met something it did not expect.',
    'Please report it with the output of `--verbose`.',
  ),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof errors;

/** Facts about one error: where, what was found, what is allowed. Plain data, never a secret. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/** An error with a code from the table. `message` says what happened and why in this case; `next` what to do. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message?: string,
    options: { next?: string; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message ?? errors[code].message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.next = options.next ?? errors[code].next;
    this.details = options.details ?? {};
  }
}

/** Whether `value` is a code of the table (for codes that come back as failure types from Temporal). */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errors, value);
}
