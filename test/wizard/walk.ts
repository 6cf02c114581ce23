import { KEYS, type TerminalSession } from "../support/terminal.ts";

/** The last line of every question but those that are answered by typing. */
const KEYS_LINE = "Enter choose · Esc back · Ctrl-C leave";

/** Sees a question with all that belongs to it, and takes what the cursor is on. */
export async function accept(terminal: TerminalSession, ...texts: (string | RegExp)[]): Promise<string> {
  const screen = await terminal.see(...texts, KEYS_LINE);
  terminal.press(KEYS.enter);
  return screen;
}

/** From the first screen to the plan, with the recommended answers. */
export async function answerQuestions(terminal: TerminalSession): Promise<void> {
  await accept(terminal, "❯ ◯ payments-prod");
  await accept(terminal, "❯ Go on with payments-prod");
  await accept(terminal, "❯ User-assigned (recommended)");
  await accept(terminal, "❯ id-payments-prod (recommended)");
  await accept(terminal, "❯ id-payments-prod-kubelet (recommended)");
  await terminal.see("Resource group for new identities: (rg-payments-prod)");
  terminal.press(KEYS.enter);
  await accept(terminal, "❯ Go on with contosoplatform");
}

/** Reads the whole plan. @returns its pages */
export async function readPlan(terminal: TerminalSession): Promise<string[]> {
  const pages: string[] = [];
  for (;;) {
    const page = await accept(terminal, new RegExp(`The plan, page ${pages.length + 1} of`), /Read on\?|That was/);
    pages.push(page);
    if (page.includes("That was the plan.")) return pages;
  }
}

/** Confirms the point of no return by the cluster's name. */
export async function confirm(terminal: TerminalSession): Promise<string> {
  const screen = await terminal.see("Type payments-prod to confirm:");
  terminal.press("payments-prod", KEYS.enter);
  return screen;
}
