import { wrapIndented } from "../text/terminal.ts";

/** A terminal would break lines within words; files and pipes get them whole. */
export function foldFor({ isTTY, columns }: NodeJS.WriteStream, text: string): string {
  if (!isTTY) return text;
  const lines = text.split("\n").flatMap((line) => wrapIndented(line, (columns ?? 80) - 1));
  return lines.join("\n");
}
