/** A command for people, as a shell takes it: `nginx -s reload`, `sh -c 'exit 3'`. */
export const commandText = (command: readonly string[]): string => command.map(quoted).join(' ');

const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
