import { Interrupted } from "./interrupt.ts";

/** Asks for a line of text. @throws Interrupted when the answer is Ctrl-C, or the end of the input */
export function askText(message: string): Promise<string> {
  return ask<string>({ type: "input", name: "answer", message });
}

/** Asks yes or no; Enter alone says no. @throws Interrupted when the answer is Ctrl-C, or the end of the input */
export function askYes(message: string): Promise<boolean> {
  return ask<boolean>({ type: "confirm", name: "answer", message, default: false });
}

type Question =
  | { type: "input"; name: "answer"; message: string }
  | { type: "confirm"; name: "answer"; message: string; default: boolean };

/** On stderr, for stdout is the data's. */
async function ask<T>(question: Question): Promise<T> {
  const { createPromptModule } = (await import("inquirer")).default;
  try {
    const { answer } = await createPromptModule({ output: process.stderr })([question]);
    return answer as T;
  } catch (error) {
    if (error instanceof Error && error.name === "ExitPromptError") throw new Interrupted("SIGINT", 130);
    throw error;
  }
}
