// Compiles the command line into dist/. Dependencies stay external: they are installed beside the package. Only the
// argument parser is bundled, because finding and loading it costs a third of the time that --help takes.
import { cpSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));

/** commander can start commands that are programs of their own: none of ours is, and to load what starts programs takes time. */
const startsNoPrograms = {
  name: "starts-no-programs",
  setup(build) {
    build.onResolve({ filter: /^(node:)?child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/.test(importer) ? { path: "child_process", namespace: "nothing" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "nothing" }, () => ({ contents: "" }));
  },
};

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
  plugins: [startsNoPrograms],
  // commander is CommonJS, and requires nothing but modules of Node.
  banner: { js: "const require = process.getBuiltinModule;" },
  define: { AKS_MI_VERSION: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
});
cpSync("src/emulator/scenarios", `${outdir}/scenarios`, { recursive: true });
cpSync("node_modules/commander/LICENSE", `${outdir}/commander.LICENSE`);
