/** A word of a command that is printed for copying, as a POSIX shell takes it: names may come from Azure or from a file. */
export function shell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
