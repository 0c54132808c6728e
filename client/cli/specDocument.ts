import type { SpecSource } from '../sdk/specFile.ts';
import type { Session } from './session.ts';

/** The document that `-f` names; `-` is standard input. @throws SPEC_UNREADABLE */
export async function documentOf({ io }: Session, file: string): Promise<NonNullable<SpecSource['document']>> {
  if (file === '-') return { text: await io.readInput(), file: 'standard input' };
  const { readSpecText } = await import('../sdk/spec/specText.ts');
  return { text: await readSpecText(file), file };
}
