import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { resolve } from "node:path";

/** Compiles the command line once, for the tests that run it as users do, in a place of this test run's own. */
export default function setup(): () => void {
  const folder = resolve("node_modules", ".aks-mi-test", String(process.pid));
  process.env["AKS_MI_BUILD_DIR"] = folder;
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
  return () => rmSync(folder, { recursive: true, force: true });
}
