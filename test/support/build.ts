import { execFileSync } from "node:child_process";

/** Compiles the command line once, for the tests that run it as users do. */
export default function setup(): void {
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
}
