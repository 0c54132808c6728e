/** Why a TLS handshake failed, in words, and the variable that cures it. */
export interface TlsFault {
  readonly reason: string;
  readonly next: string;
}

/** What OpenSSL and Node say → what it means. The first that fits counts. */
const faults: readonly (readonly [RegExp, (found: RegExpExecArray) => TlsFault])[] = [
  [
    /altnames: .*?(?:altnames: )(.*)/s,
    ([, names = '']) => ({
      reason: `its certificate is for other names: ${names.trim()}.`,
      next: 'Use one of them as address, or set TEMPORAL_TLS_SERVER_NAME.',
    }),
  ],
  [
    /self[- ]signed certificate|unable to (?:verify|get)/,
    ([said]) => ({
      reason: `its certificate is of an authority that is not known here (${said}).`,
      next: 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of that authority.',
    }),
  ],
  [
    /alert (?:certificate required|handshake failure|bad certificate|unknown ca|certificate unknown|certificate expired)/,
    ([said]) => ({
      reason: `it does not accept this client's certificate, or its lack (${said}).`,
      next: 'Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to a pair that it knows.',
    }),
  ],
];

/** @param reason what the gRPC client says; undefined when TLS is not to blame. */
export function tlsFault(reason: string): TlsFault | undefined {
  for (const [pattern, told] of faults) {
    const found = pattern.exec(reason);
    if (found !== null) return told(found);
  }
  return undefined;
}
