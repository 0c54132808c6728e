import { readFile } from 'node:fs/promises';
import type { CredentialFiles } from '../pki/authority.ts';
import { writeFileAtomically } from '../process/write.ts';

/** Writes a kubeconfig (0600) with everything inside it, so that it can be copied. JSON is YAML. */
export async function writeKubeconfig(file: string, port: number, user: string, files: CredentialFiles): Promise<void> {
  const [ca, cert, key] = await Promise.all(
    [files.caFile, files.certFile, files.keyFile].map(async (path) => (await readFile(path)).toString('base64')),
  );
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sluice', cluster: { server: `https://127.0.0.1:${port}`, 'certificate-authority-data': ca } }],
    users: [{ name: user, user: { 'client-certificate-data': cert, 'client-key-data': key } }],
    contexts: [{ name: 'sluice', context: { cluster: 'sluice', user, namespace: 'default' } }],
    'current-context': 'sluice',
  };
  const text = `${JSON.stringify(config, null, 2)}\n`;
  // Rewritten only when it changed: programs that watch the file see nothing on a second `up`.
  if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeFileAtomically(file, text);
}
