// Compiles the command line into dist/. Dependencies stay external: they are installed beside the package.
import { rmSync } from "node:fs";
import { build } from "esbuild";

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
  define: {
    AKS_MI_VERSION: JSON.stringify(
      process.env.npm_package_version ?? (await import("./package.json", { with: { type: "json" } })).default.version,
    ),
  },
  logLevel: "warning",
});
