import { fchmodSync, fstatSync, openSync } from "node:fs";

/**
 * Opens a file for writing that its owner alone may read, also where it was there already and open to others.
 * @param flag `w` begins it anew, `a` goes on at its end
 * @returns its handle, for the caller to close
 */
export function openPrivately(file: string, flag: "w" | "a"): number {
  const handle = openSync(file, flag, 0o600);
  // Pipes and devices keep their modes.
  if (fstatSync(handle).isFile()) fchmodSync(handle, 0o600);
  return handle;
}
