#!/usr/bin/env node
import { runCommandLine } from "./main.ts";

// A reader that has seen enough (`aks-mi … | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}
process.exitCode = await runCommandLine(process.argv);
