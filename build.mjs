// Compiles the command line into dist/. Dependencies stay external: they are installed beside the package. Only the
// argument parser is bundled, because finding and loading it costs a third of the time that --help takes.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

// Another place than dist/ is for whoever runs beside others: the tests.
const outdir = process.env.AKS_MI_BUILD_DIR ?? "dist";
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: { cli: "src/cli.ts" },
  outdir,
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
cpSync("src/emulator/scenarios", `${outdir}/scenarios`, { recursive: true });
cpSync("node_modules/commander/LICENSE", `${outdir}/commander.LICENSE`);
