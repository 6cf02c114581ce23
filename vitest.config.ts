import { defineConfig } from "vitest/config";

/** These put something else in the place of a module: each file of them has modules of its own. */
const REPLACING_MODULES = [
  "test/branches/*.test.ts",
  "test/cli/*.test.ts",
  "test/schemas/*.test.ts",
  "test/security/*.test.ts",
  "test/wizard/*.test.ts",
  "test/assess/missing-evidence.test.ts",
  "test/emulator/operation-errors.test.ts",
  "test/engine/time.test.ts",
  "test/failures/blockers.test.ts",
  "test/nodes/empty-pool.test.ts",
  "test/rehearse/command.test.ts",
  "test/simulation/disk.test.ts",
  "test/state/lock-race.test.ts",
];

/** Every other file shares them with those before it: loading them anew would take a quarter of the time. */
const ALL = ["test/**/*.test.ts"];

export default defineConfig({
  define: { AKS_MI_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    globalSetup: "test/support/global-setup.ts",
    // Only what hangs may take so long: a machine at its limit takes ten times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Much of the time goes into waiting for other processes: every core may have its worker.
    maxWorkers: "100%",
    // Terminals and other processes are real: on a machine at its limit a test may need a second try.
    retry: process.env["CI"] ? 1 : 0,
    env: { NO_COLOR: "1" },
    projects: [
      { extends: true, test: { name: "own modules", include: REPLACING_MODULES, env: { AKS_MI_OWN_MODULES: "1" } } },
      { extends: true, test: { name: "shared modules", include: ALL, exclude: REPLACING_MODULES, isolate: false } },
    ],
  },
});
