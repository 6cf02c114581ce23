// Compiles the command line into dist/. Dependencies stay external: they are installed beside the package. Only the
// argument parser is bundled, because finding and loading it costs a third of the time that --help takes.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: { cli: "src/cli.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  external: Object.keys(dependencies),
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  define: { AKS_MI_VERSION: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
});
cpSync("src/emulator/scenarios", "dist/scenarios", { recursive: true });
cpSync("node_modules/commander/LICENSE", "dist/commander.LICENSE");
