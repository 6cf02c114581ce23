#!/usr/bin/env node
import { AksMiError } from "./engine/errors.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { runCommandLine } from "./main.ts";

/** Ends the process over something that no command has caught, in words as any other error: Node would print all it has. */
async function fail(error: unknown): Promise<never> {
  const { showError } = await import("./commands/show-error.ts");
  showError(error, process.argv.includes("--verbose"));
  process.exit(exitCodeOf(error));
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`aks-mi … | head`) is no error: a command ends as it would have. What goes on for long,
    // a run above all, stops as when its terminal is gone.
    if (error.code === "EPIPE") return void process.emit("SIGHUP", "SIGHUP");
    const name = stream === process.stdout ? "Standard output" : "Standard error";
    const remedy = "Make room where it goes, then run the command again.";
    fail(new AksMiError("STATE_UNWRITABLE", `${name} cannot be written: ${error.message}`, remedy, { cause: error }));
  });
}
process.on("uncaughtException", fail);
process.exitCode = await runCommandLine(process.argv);
