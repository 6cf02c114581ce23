import { defineConfig } from "vitest/config";

export default defineConfig({
  define: { AKS_MI_VERSION: JSON.stringify("0.0.0-test") },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/build.ts",
    testTimeout: 30_000,
    env: { NO_COLOR: "1" },
  },
});
