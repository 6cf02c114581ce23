// Bundles the simulation into a temporary folder and runs it with plain node: TypeScript of a thousand runs is compiled once.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "aks-mi-simulation-"));
try {
  const outfile = join(folder, "main.mjs");
  await build({
    entryPoints: ["test/simulation/main.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    define: { AKS_MI_VERSION: '"simulation"' },
    logLevel: "warning",
  });
  cpSync("src/emulator/scenarios", join(folder, "scenarios"), { recursive: true });
  const args = ["--enable-source-maps", outfile, ...process.argv.slice(2)];
  const { status, signal } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (signal) process.stderr.write(`The run was ended by ${signal} before it was through.\n`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
