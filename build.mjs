// Compiles the command line into dist/. Dependencies stay external: they are installed beside the package.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: { cli: "src/cli.ts", schema: "src/plan/write-schema.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  define: { AKS_MI_VERSION: JSON.stringify(version) },
  logLevel: "warning",
});
cpSync("src/emulator/scenarios", "dist/scenarios", { recursive: true });
