import { CommanderError } from "commander";
import { rememberEnvironment } from "./azure/remember-secrets.ts";
import { Interrupted } from "./commands/interrupt.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { guardOutput } from "./guard-output.ts";
import { buildProgram } from "./program.ts";

/** Runs one command line, arguments as in `process.argv`. @returns the exit code; what went wrong is on stderr by then */
export async function runCommandLine(argv: string[]): Promise<number> {
  rememberEnvironment(process.env);
  let exitCode = 0;
  const program = buildProgram((code) => {
    exitCode = code;
  });
  const unguard = guardOutput(process.stdout, process.stderr);
  try {
    await program.parseAsync(argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Interrupted) {
      process.stderr.write("Nothing was approved or written.\n");
      return error.exitCode;
    }
    const { showError } = await import("./commands/show-error.ts");
    showError(error, argv.includes("--verbose"));
    return exitCodeOf(error);
  } finally {
    unguard();
  }
}
