import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import net from 'node:net';
import { bits, boolean, context, integer, octets, oid, sequence, set, utcTime, utf8 } from './der.ts';

/** A certificate and its private key, PEM. */
export interface Credential {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  readonly commonName: string;
  /** Kubernetes reads them as groups. */
  readonly organizations?: readonly string[];
}

export interface CertificateRequest {
  readonly subject: Subject;
  readonly usage: 'authority' | 'server' | 'client' | 'peer';
  /** DNS names and IP addresses. */
  readonly hosts?: readonly string[];
  readonly days: number;
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const serverAuth = oid('1.3.6.1.5.5.7.3.1');
const clientAuth = oid('1.3.6.1.5.5.7.3.2');

/**
 * Issues an X.509 v3 certificate (RFC 5280) with a new P-256 key, signed by `issuer`, or by itself when there is none.
 *
 * Written here because Node can read certificates but not make them, a slim image has no openssl program, and the issuing libraries bring a
 * tree of packages for what are eighty lines; the tests hold it against Node's and Go's readers.
 */
export function issue(request: CertificateRequest, issuer?: { subject: Subject; credential: Credential }): Credential {
  const pair = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signingKey = issuer?.credential.key ?? key;
  const now = Date.now();
  const tbs = sequence(
    context(0, true, integer(Buffer.from([2]))),
    integer(serialNumber()),
    ecdsaWithSha256,
    name(issuer?.subject ?? request.subject),
    // An hour back, for clocks that differ (a VM that slept).
    sequence(utcTime(new Date(now - 3_600_000)), utcTime(new Date(now + request.days * 86_400_000))),
    name(request.subject),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    context(3, true, sequence(...extensions(request, pair.publicKey, createPublicKey(signingKey)))),
  );
  const signature = sign('sha256', tbs, { key: signingKey, dsaEncoding: 'der' });
  return { certificate: pem('CERTIFICATE', sequence(tbs, ecdsaWithSha256, bits(signature))), key };
}

/** Positive and at most 20 bytes (RFC 5280 4.1.2.2). */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function name({ commonName, organizations = [] }: Subject): Buffer {
  return sequence(...organizations.map((one) => attribute('2.5.4.10', one)), attribute('2.5.4.3', commonName));
}

function extensions({ usage, hosts = [] }: CertificateRequest, own: KeyObject, signer: KeyObject): Buffer[] {
  const authority = usage === 'authority';
  const purposes = [...(usage === 'client' ? [] : [serverAuth]), ...(usage === 'server' ? [] : [clientAuth])];
  return [
    extension('2.5.29.19', true, authority ? sequence(boolean(true)) : sequence()),
    // keyCertSign and cRLSign, or digitalSignature (RFC 5280 4.2.1.3)
    extension('2.5.29.15', true, authority ? bits(Buffer.from([0x06]), 1) : bits(Buffer.from([0x80]), 7)),
    extension('2.5.29.14', false, octets(keyIdentifier(own))),
    extension('2.5.29.35', false, sequence(context(0, false, keyIdentifier(signer)))),
    ...(authority ? [] : [extension('2.5.29.37', false, sequence(...purposes))]),
    ...(hosts.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...hosts.map(alternativeName)))]),
  ];
}

const attribute = (type: string, value: string): Buffer => set(sequence(oid(type), utf8(value)));

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

const keyIdentifier = (key: KeyObject): Buffer =>
  createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();

/** dNSName is [2], iPAddress [7] with 4 or 16 bytes. */
function alternativeName(host: string): Buffer {
  if (net.isIPv4(host)) return context(7, false, Buffer.from(host.split('.').map(Number)));
  if (net.isIPv6(host)) return context(7, false, ipv6(host));
  return context(2, false, Buffer.from(host, 'ascii'));
}

function ipv6(host: string): Buffer {
  const [head = '', tail] = host.split('::');
  const front = hexGroups(head);
  const back = tail === undefined ? [] : hexGroups(tail);
  const all = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

const hexGroups = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

const pem = (label: string, der: Buffer): string =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;
