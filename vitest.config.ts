import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { AKS_MI_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/global-setup.ts",
    testTimeout: 60_000,
    // Much of the time goes into waiting for other processes: every core may have its worker.
    maxWorkers: "100%",
    // Terminals and other processes are real: on a machine at its limit a test may need a second try.
    retry: process.env["CI"] ? 1 : 0,
    env: { NO_COLOR: "1" },
  },
});
