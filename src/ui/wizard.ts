import { isAksMiError } from "../engine/errors.ts";
import { breakCommand, createPalette, sanitize, sanitizeDeep, wrapText } from "../text/terminal.ts";
import { createPrompts, LeftWizard, WentBack } from "./prompts.ts";
import { APPROVAL_STEPS } from "./wizard-approval.ts";
import { CHOICE_STEPS } from "./wizard-choices.ts";
import { equivalentCommands } from "./wizard-command.ts";
import type { Session, WizardStep } from "./wizard-session.ts";
import type { WizardIo, WizardResult, WizardServices } from "./wizard-types.ts";
import { working } from "./working.ts";

/**
 * Leads through a migration up to its approval. Writes nothing but, if asked to, the plan file.
 * @param signIn finds out who is signed in
 */
export async function runWizard(signIn: () => Promise<WizardServices>, io: WizardIo): Promise<WizardResult> {
  try {
    const services = await working(io, "Signing in…", signIn);
    const session = await startSession(services, io);
    if (session.clusters.length === 0) return sayNoClusters(session);
    const result = await walk(session);
    printCommands(session, result);
    return result;
  } catch (error) {
    const isAborted = io.signal?.aborted === true;
    if (!isAborted && !(error instanceof LeftWizard)) throw error;
    io.output.write("You left the wizard; nothing was changed and nothing was saved.\n");
    const interrupted = isAborted || (error as LeftWizard).interrupted;
    return interrupted ? { kind: "left", interrupted } : { kind: "left" };
  }
}

async function startSession(services: WizardServices, io: WizardIo): Promise<Session> {
  const { clusters, gaps } = await working(io, "Looking at the clusters…", (say) => services.listClusters(say));
  return {
    services,
    io,
    account: sanitizeDeep(services.account),
    clusters: clusters.map((cluster) => ({
      ...sanitizeDeep({ ...cluster, secretExpires: undefined }),
      secretExpires: cluster.secretExpires,
    })),
    gaps: gaps.map(sanitize),
    prompts: io.prompts ?? createPrompts(io),
    paint: createPalette(io.color),
    answers: { clusters: [], registries: [] },
    passed: [],
    working: (text, work) => working(io, text, work),
  };
}

function sayNoClusters(session: Session): WizardResult {
  const { who, cloud, tenant } = session.account;
  const text = `${who} can see no cluster in tenant ${tenant} of ${cloud}. Sign in with another account (az login), or name another tenant with --tenant.`;
  for (const line of wrapText([...session.gaps, text].join(" "), session.io.columns() - 1)) say(session, line);
  return { kind: "left" };
}

/** Goes through the steps, back and forth, until one of them has a result. */
async function walk(session: Session): Promise<WizardResult> {
  const steps = [...CHOICE_STEPS, ...APPROVAL_STEPS];
  let index = 0;
  while (index >= 0) {
    const step = steps[index]!;
    session.passed = steps.slice(0, index);
    const [result, move] = await askStep(session, step);
    if (result) return result;
    index += move;
    // A question that does not apply is passed over in the direction in which the user goes.
    while (steps[index] && !steps[index]!.applies(session)) index += move;
  }
  throw new LeftWizard();
}

async function askStep(session: Session, step: WizardStep): Promise<[WizardResult | undefined, 1 | -1]> {
  try {
    const result = await step.ask(session);
    session.notice = undefined;
    return [result ?? undefined, 1];
  } catch (error) {
    if (isAksMiError(error)) session.notice = sanitize(`${error.message} ${error.remedy}`);
    else if (error instanceof WentBack) session.notice = undefined;
    else throw error;
    return [undefined, -1];
  }
}

function printCommands(session: Session, result: WizardResult): void {
  if (result.kind === "left") {
    say(session, "There is nothing to do, and nothing was changed.");
    return;
  }
  const note = session.services.commandNote;
  const head = `The same without the wizard${note ? `, ${note}` : ""}:`;
  for (const line of wrapText(head, session.io.columns() - 1)) say(session, session.paint.dim(line));
  for (const command of equivalentCommands(session, result))
    for (const line of breakCommand(command, session.io.columns() - 1)) say(session, session.paint.cyan(line));
  if (result.kind === "apply") say(session, "");
  if (result.kind === "saved") say(session, `The plan is saved in ${sanitize(result.file)}; nothing was changed.`);
}

function say({ io }: Session, text: string): void {
  io.output.write(`${text}\n`);
}
