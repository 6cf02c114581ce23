#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCodeOf } from "./exit-codes.ts";
import { buildProgram } from "./program.ts";

/** Runs one command line. @returns the exit code */
async function main(argv: string[]): Promise<number> {
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { showError } = await import("./commands/show-error.ts");
    showError(error, argv.includes("--verbose"));
    return exitCodeOf(error);
  }
}

// A reader that has seen enough (`aks-mi … | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
    throw error;
  });
}
process.exitCode = await main(process.argv);
