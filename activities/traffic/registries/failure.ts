import { SluiceError } from '../../../workflows/contract/errors.ts';
import { humanDuration } from '../../../workflows/contract/quantity.ts';

/** Nobody's own certificate authority, or a certificate of another name: no later try is better. */
const untrusted = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS/;

/** A call to a registry that was not carried out, as far as anybody knows. It may go well later: retryable. */
export class RegistryFailure extends SluiceError {
  /** It is this pod that does not do it, whatever others do: nobody waits for it longer than for a pod. */
  readonly ofPod: boolean;

  constructor(message: string, next?: string, { ofPod = false }: { readonly ofPod?: boolean } = {}) {
    super('REGISTRY_UNREACHABLE', message, next === undefined ? {} : { next });
    this.ofPod = ofPod;
  }
}

export const isOfPod = (error: unknown): error is RegistryFailure => error instanceof RegistryFailure && error.ofPod;

/** The beginning of an answer that was not expected, in one line and without tags. */
export const excerpt = (text: string): string =>
  text
    .replace(/<[^>]*>|\s+/g, ' ')
    .trim()
    .slice(0, 200);

/** The server does not accept who we are. */
export class RegistryRefusal extends RegistryFailure {}

/** Nobody answers at `host` within `timeoutMs`, for the reason that failureText tells. */
export function unanswered(host: string, why: string, timeoutMs: number): RegistryFailure {
  const message = `${host} cannot be reached: ${why}.`;
  if (untrusted.test(why)) {
    return new RegistryFailure(
      message,
      'The worker does not trust its certificate: put the CA as `ca.crt` into the folder of `credentials`.',
    );
  }
  return new RegistryFailure(
    message,
    `Correct \`server\`, or see why a worker gets no answer from there within ${humanDuration(timeoutMs)}.`,
  );
}
