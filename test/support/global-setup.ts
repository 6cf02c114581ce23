import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Compiles the command line once, for the tests that run it as users do, in a place of this test run's own; and gives all
 * that tests write a temporary folder that goes when they end.
 */
export default function setup(): (() => void) | undefined {
  // Asked for by each of the projects.
  if (process.env["AKS_MI_BUILD_DIR"]) return undefined;
  const build = resolve("node_modules", ".aks-mi-test", String(process.pid));
  const temporary = mkdtempSync(join(tmpdir(), "aks-mi-tests-"));
  process.env["AKS_MI_BUILD_DIR"] = build;
  for (const name of ["TMPDIR", "TMP", "TEMP"]) process.env[name] = temporary;
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
  return () => {
    for (const folder of [build, temporary]) rmSync(folder, { recursive: true, force: true });
  };
}
