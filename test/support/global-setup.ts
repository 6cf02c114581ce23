import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Memory as a folder, which Linux has; the tests need far less of it. */
const MEMORY = "/dev/shm";
const ROOM_BYTES = 1024 ** 3;

/** Where to write: every line of a journal waits for the disk, and a test's is worth no wait. */
function temporaryRoot(): string {
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES ? MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/**
 * Compiles the command line once, for the tests that run it as users do, in a place of this test run's own; and gives all
 * that tests write a temporary folder that goes when they end.
 */
export default function setup(): (() => void) | undefined {
  // Asked for by each of the projects.
  if (process.env["AKS_MI_BUILD_DIR"]) return undefined;
  const build = resolve("node_modules", ".aks-mi-test", String(process.pid));
  const temporary = mkdtempSync(join(temporaryRoot(), "aks-mi-tests-"));
  process.env["AKS_MI_BUILD_DIR"] = build;
  for (const name of ["TMPDIR", "TMP", "TEMP"]) process.env[name] = temporary;
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
  return () => {
    for (const folder of [build, temporary]) rmSync(folder, { recursive: true, force: true });
  };
}
