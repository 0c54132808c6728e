import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { writeFileAtomically } from '../process/write.ts';
import { type CertificateRequest, type Credential, issue, type Subject } from './certificate.ts';

export interface CredentialFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A certificate authority in a directory; what it issues lies beside it and is issued again when it is about to expire. */
export interface Authority {
  readonly caFile: string;
  readonly caKeyFile: string;
  /** Issues `<name>.crt` and `<name>.key`, or returns them when they are there, fit the request and are good for 30 days more. */
  credential(name: string, request: Omit<CertificateRequest, 'days'>): Promise<CredentialFiles>;
}

const leafDays = 730;
const renewBeforeMs = 30 * 86_400_000;

/**
 * Opens (or makes) the authority `name` in a directory.
 * @param directory private to the user; keys are written 0600
 */
export async function openAuthority(directory: string, name: string): Promise<Authority> {
  const subject: Subject = { commonName: `sluice ${name}` };
  const files = filesOf(directory, name);
  const credential =
    (await readCredential(files)) ?? (await save(files, issue({ subject, usage: 'authority', days: 3650 })));
  const open = async (leaf: string, request: Omit<CertificateRequest, 'days'>): Promise<CredentialFiles> => {
    const leafFiles = filesOf(directory, leaf);
    const existing = await readCredential(leafFiles);
    if (existing === undefined || !fits(existing, request, credential)) {
      await save(leafFiles, issue({ ...request, days: leafDays }, { subject, credential }));
    }
    return { ...leafFiles, caFile: files.certFile };
  };
  // Parts start side by side and some share a certificate: whoever comes second gets the first one's.
  const opened = new Map<string, Promise<CredentialFiles>>();
  return {
    caFile: files.certFile,
    caKeyFile: files.keyFile,
    credential(leaf, request) {
      const result = opened.get(leaf) ?? open(leaf, request);
      opened.set(leaf, result);
      return result;
    },
  };
}

/** Makes the key pair that signs service account tokens, once. */
export async function serviceAccountKey(directory: string): Promise<{ publicFile: string; privateFile: string }> {
  const privateFile = join(directory, 'service-account.key');
  const publicFile = join(directory, 'service-account.pub');
  const existing = await Promise.all([privateFile, publicFile].map((file) => readFile(file).catch(() => undefined)));
  if (existing.includes(undefined)) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    await writeFileAtomically(privateFile, pair.privateKey.export({ type: 'sec1', format: 'pem' }));
    await writeFileAtomically(publicFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  }
  return { publicFile, privateFile };
}

function fits({ certificate }: Credential, request: Omit<CertificateRequest, 'days'>, authority: Credential): boolean {
  const found = parse(certificate);
  if (found === undefined) return false;
  const names = found.subject.split('\n').map((line) => line.slice(line.indexOf('=') + 1));
  const wanted = [...(request.subject.organizations ?? []), request.subject.commonName];
  return (
    found.verify(new X509Certificate(authority.certificate).publicKey) &&
    Date.parse(found.validTo) - Date.now() > renewBeforeMs &&
    names.join('\n') === wanted.join('\n') &&
    (request.hosts ?? []).every(
      (host) => (net.isIP(host) === 0 ? found.checkHost(host) : found.checkIP(host)) !== undefined,
    )
  );
}

function parse(certificate: string): X509Certificate | undefined {
  try {
    return new X509Certificate(certificate);
  } catch {
    return undefined;
  }
}

const filesOf = (directory: string, name: string) => ({
  certFile: join(directory, `${name}.crt`),
  keyFile: join(directory, `${name}.key`),
});

async function readCredential(files: { certFile: string; keyFile: string }): Promise<Credential | undefined> {
  try {
    const [certificate, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
    return { certificate, key };
  } catch {
    return undefined;
  }
}

/** The key first: a certificate without its key would look whole to the next reader otherwise. */
async function save(files: { certFile: string; keyFile: string }, credential: Credential): Promise<Credential> {
  await writeFileAtomically(files.keyFile, credential.key);
  await writeFileAtomically(files.certFile, credential.certificate);
  return credential;
}
