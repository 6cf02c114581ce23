import { isAksMiError } from "../engine/errors.ts";
import type { Finding, StepId } from "../engine/step.ts";
import type { MigrationPlan } from "../plan/schema.ts";
import type { PromptStreams, Prompts } from "./prompts.ts";
import { createPrompts, LeftWizard, WentBack } from "./prompts.ts";
import { breakCommand, createPalette, sanitize, sanitizeDeep, truncate, wrapText } from "./terminal.ts";
import { APPROVAL_STEPS } from "./wizard-approval.ts";
import { CHOICE_STEPS } from "./wizard-choices.ts";
import { equivalentCommands } from "./wizard-command.ts";
import type { Session, WizardStep } from "./wizard-session.ts";

/** Who is signed in, and where. */
export interface WizardAccount {
  readonly cloud: string;
  readonly tenant: string;
  /** As Azure knows the caller: a name or an object id. */
  readonly who: string;
  readonly emulator: boolean;
}

/** A cluster as it really is, looked at from outside. */
export interface WizardCluster {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
  /** Id of its subscription. */
  readonly subscription: string;
  readonly state: "service-principal" | "half-migrated" | "system-assigned" | "user-assigned" | "broken";
  /** When the last credential of its service principal expires, where that can be read. */
  readonly secretExpires?: Date | undefined;
  /** Pools, nodes, version: `3 pools, 9 nodes, Kubernetes 1.33`. */
  readonly size: string;
  /** What the assessment has found, the gravest first. */
  readonly findings: readonly Pick<Finding, "check" | "severity" | "seen">[];
  /** How many of its checks could not be carried out. */
  readonly notAssessed: number;
}

/** The clusters to choose from. */
export interface WizardEstate {
  readonly clusters: readonly WizardCluster[];
  /** One sentence for each subscription whose clusters could not be listed, or not all of them. */
  readonly gaps: readonly string[];
}

/** A user-assigned identity that exists already. */
export interface WizardIdentity {
  readonly id: string;
  readonly name: string;
  readonly resourceGroup: string;
}

/** A registry the cluster pulls from, or may. */
export interface WizardRegistry {
  readonly id: string;
  /** How it came to be here, for example the old principal's role. */
  readonly source: string;
  /** True when every plan has it, because the old principal can pull from it. */
  readonly always: boolean;
}

/** What the user chose: all that a plan is made of. */
export interface WizardChoices {
  readonly clusters: readonly string[];
  readonly to: "user-assigned" | "system-assigned";
  /** Name or resource id; undefined for the default. */
  readonly controlPlaneIdentity?: string | undefined;
  /** Name, resource id, or `aks` for the one that AKS makes; undefined for the default. */
  readonly kubeletIdentity?: string | undefined;
  readonly identityResourceGroup?: string | undefined;
  /** Besides those that every plan has. */
  readonly registries: readonly string[];
}

/** What the wizard asks of the rest of the program. None of it writes to Azure. */
export interface WizardServices {
  readonly account: WizardAccount;
  /** Flags that the equivalent command needs besides the choices, for example `--emulator` and its address. */
  readonly commonFlags: readonly string[];
  /** What the flags don't say about the equivalent command. */
  readonly commandNote?: string | undefined;
  /** @param onProgress told how far the reading is, in a few words */
  listClusters(onProgress: (words: string) => void): Promise<WizardEstate>;
  identities(clusterId: string): Promise<readonly WizardIdentity[]>;
  registries(clusterId: string): Promise<readonly WizardRegistry[]>;
  /** @throws AksMiError when there is no such plan; the user then changes an answer */
  makePlan(choices: WizardChoices): Promise<MigrationPlan>;
  /** @throws AksMiError when the file can't be written; the user then names another */
  savePlan(plan: MigrationPlan, file: string): Promise<void>;
  hash(plan: MigrationPlan): string;
}

/** How the wizard was left. Only `apply` has an approval: the user has read this plan and confirmed its point of no return. */
export type WizardResult =
  | {
      readonly kind: "apply";
      readonly plan: MigrationPlan;
      /** Where to stop: the user wants to prepare now and to switch later. */
      readonly until?: StepId | undefined;
    }
  | { readonly kind: "saved"; readonly file: string }
  /** `interrupted`: with Ctrl-C, by a signal, or because there is nobody to answer any more. */
  | { readonly kind: "left"; readonly interrupted?: true };

/** Where the wizard is read from and drawn. */
export interface WizardIo extends PromptStreams {
  readonly rows: () => number;
  readonly now: () => Date;
  /** Instead of inquirer's, in tests. */
  readonly prompts?: Prompts | undefined;
}

/** Leads through a migration up to its approval. Writes nothing but, if asked to, the plan file. */
export async function runWizard(services: WizardServices, io: WizardIo): Promise<WizardResult> {
  try {
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

/** Shows a text while the work goes on; what is told of its progress stands behind it. */
async function working<T>(
  { output, color, columns, signal }: WizardIo,
  text: string,
  work: (say: (words: string) => void) => Promise<T>,
): Promise<T> {
  const { dim } = createPalette(color);
  const show = (words: string) => output.write(`\r\u001b[2K${dim(truncate(words, columns() - 1))}`);
  show(text);
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
    signal?.addEventListener("abort", stop);
  });
  try {
    signal?.throwIfAborted();
    return await Promise.race([work((words) => show(`${text} ${sanitize(words)}`)), stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
    output.write("\r\u001b[2K");
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
  if (result.kind === "saved") say(session, `The plan is saved in ${sanitize(result.file)}; nothing was changed.`);
}

function say({ io }: Session, text: string): void {
  io.output.write(`${text}\n`);
}
