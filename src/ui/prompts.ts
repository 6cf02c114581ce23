import inquirer from "inquirer";
import type { Palette } from "../text/terminal.ts";
import { createPalette, truncate, wrapText } from "../text/terminal.ts";

/** Thrown when the user wants to go back one step. */
export class WentBack extends Error {}

/** Thrown when the user wants to leave. */
export class LeftWizard extends Error {
  /** True when that was no answer: Ctrl-C, a signal, or the end of the input. */
  readonly interrupted: boolean;

  constructor(interrupted = false) {
    super("the wizard was left");
    this.interrupted = interrupted;
  }
}

/** How many lines the description of the choice in focus may take. */
export const DESCRIPTION_ROWS = 3;

/** Something to choose. */
export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** Shown while it is in focus. */
  readonly description?: string | undefined;
  /** Why it cannot be chosen. */
  readonly disabled?: string | undefined;
}

/** A question with a list of answers. */
export interface ListQuestion<T> {
  readonly message: string;
  readonly choices: readonly Choice<T>[];
  readonly default?: T | undefined;
  /** How many choices are on the screen at a time. */
  readonly pageSize: number;
}

/** A question whose list of answers depends on what was typed. */
export interface SearchQuestion<T> extends Omit<ListQuestion<T>, "choices"> {
  readonly source: (term: string) => readonly Choice<T>[];
}

/** A question that is answered by typing. */
export interface InputQuestion {
  readonly message: string;
  readonly default?: string | undefined;
  /** True, or one sentence that says what is wrong. */
  readonly validate: (answer: string) => true | string;
}

/** The questions a wizard can ask. Each rejects with `WentBack` on Esc and with `LeftWizard` on Ctrl-C, the signal or the end of the input. */
export interface Prompts {
  select<T>(question: ListQuestion<T>): Promise<T>;
  search<T>(question: SearchQuestion<T>): Promise<T>;
  input(question: InputQuestion): Promise<string>;
}

/** Where prompts are read from and drawn. */
export interface PromptStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly color: boolean;
  readonly columns: () => number;
  readonly signal?: AbortSignal | undefined;
}

/** Questions by inquirer. A question leaves nothing on the screen when it is answered: the next one shows the answer. */
export function createPrompts(streams: PromptStreams): Prompts {
  const paint = createPalette(streams.color);
  return {
    select: ({ choices, ...question }) =>
      ask(streams, {
        type: "select",
        loop: false,
        theme: createTheme(paint),
        ...question,
        choices: fitDescriptions(choices, streams.columns()),
      }),
    search: (question) =>
      ask(streams, {
        type: "search",
        theme: createTheme(paint),
        ...question,
        source: (term: string | undefined) => fitDescriptions(question.source(term ?? ""), streams.columns()),
      }),
    input: async (question) =>
      (await ask<string>(streams, { type: "input", theme: createTheme(paint), ...question })).trim(),
  };
}

/** inquirer breaks a description anywhere, and takes as many lines as it needs. */
function fitDescriptions<T>(choices: readonly Choice<T>[], columns: number): Choice<T>[] {
  return choices.map((choice) => {
    const lines = wrapText(choice.description ?? "", columns - 1);
    const rest = lines.slice(DESCRIPTION_ROWS - 1).join(" ");
    const description = [...lines.slice(0, DESCRIPTION_ROWS - 1), truncate(rest, columns - 1)].join("\n");
    return { ...choice, description: description.trim() === "" ? undefined : description.trimEnd() };
  });
}

/** Our own colours throughout: inquirer's ask the environment, not the stream. */
function createTheme(paint: Palette) {
  return {
    prefix: { idle: paint.bold("aks-mi"), done: paint.bold("aks-mi") },
    spinner: { interval: 100, frames: [paint.bold("aks-mi")] },
    icon: { cursor: "❯" },
    style: {
      message: (text: string) => text,
      answer: paint.cyan,
      highlight: paint.cyan,
      searchTerm: paint.cyan,
      description: paint.dim,
      disabled: (text: string) => paint.dim(`  ${text}`),
      defaultAnswer: (text: string) => paint.dim(`(${text})`),
      error: (text: string) => paint.red(`✖ ${text}`),
      keysHelpTip: () => paint.dim("↑↓ move · Enter choose · Esc back · Ctrl-C leave"),
    },
  };
}

type Question = { readonly type: "select" | "search" | "input"; readonly message: string } & Record<string, unknown>;

async function ask<T>({ input, output, signal }: PromptStreams, question: Question): Promise<T> {
  const stop = new AbortController();
  const onKey = (_: unknown, key: { name?: string } | undefined) => {
    if (key?.name === "escape") stop.abort(new WentBack());
  };
  // Without this, a prompt whose input ends would never be answered, and the process would end as if all were well.
  const onEnd = () => stop.abort(new LeftWizard(true));
  if (signal?.aborted) onEnd();
  signal?.addEventListener("abort", onEnd);
  input.on("keypress", onKey).on("end", onEnd).on("close", onEnd);
  try {
    const prompt = inquirer.createPromptModule({ input, output, clearPromptOnDone: true, signal: stop.signal });
    const { answer } = await prompt<{ answer: T }>([{ name: "answer", ...question }]);
    return answer as T;
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    if (error instanceof Error && error.name === "ExitPromptError") throw new LeftWizard(true);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onEnd);
    input.off("keypress", onKey).off("end", onEnd).off("close", onEnd);
  }
}
