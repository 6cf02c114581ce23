import type { MigrationPlan } from "../plan/schema.ts";
import type { Palette } from "../text/terminal.ts";
import { padColumns, truncate, wrapText } from "../text/terminal.ts";
import type { Prompts } from "./prompts.ts";
import { DESCRIPTION_ROWS } from "./prompts.ts";
import type {
  WizardAccount,
  WizardChoices,
  WizardCluster,
  WizardIo,
  WizardResult,
  WizardServices,
} from "./wizard-types.ts";

/** What the user has answered so far; kept when going back. */
export interface Answers {
  clusters: readonly string[];
  to?: WizardChoices["to"];
  controlPlaneIdentity?: string | undefined;
  kubeletIdentity?: string | undefined;
  identityResourceGroup?: string | undefined;
  registries: readonly string[];
  plan?: MigrationPlan;
  when?: "now" | "prepare" | "save" | undefined;
  file?: string;
}

/** One walk through the wizard. */
export interface Session {
  readonly services: WizardServices;
  readonly io: WizardIo;
  readonly account: WizardAccount;
  readonly clusters: readonly WizardCluster[];
  /** What could not be listed. */
  readonly gaps: readonly string[];
  readonly prompts: Prompts;
  readonly paint: Palette;
  readonly answers: Answers;
  /** The questions before the one that is asked. */
  passed: readonly WizardStep[];
  /** What went wrong with the last answer, shown with the next question. */
  notice?: string | undefined;
  /** Shows a text while the work goes on. */
  working<T>(text: string, work: (say: (words: string) => void) => Promise<T>): Promise<T>;
}

/** One question of the wizard. */
export interface WizardStep {
  /** False when earlier answers make it pointless. */
  applies(session: Session): boolean;
  /** Keeps its answer in the session; returns a result to end the wizard with. */
  ask(session: Session): Promise<WizardResult | undefined>;
  /** Its answer as the next questions show it. */
  answered(session: Session): readonly [label: string, value: string] | undefined;
}

/** The clusters that were chosen. */
export function chosenClusters({ clusters, answers }: Session): WizardCluster[] {
  return answers.clusters.flatMap((id) => clusters.filter((cluster) => cluster.id === id));
}

/** Lines that a question needs besides its head: the question, a hint of two lines, a description, the keys, margins. */
const QUESTION_ROWS = 7 + DESCRIPTION_ROWS;

/** How many choices fit on the screen below the head of a question. */
export function pageSize(session: Session): number {
  return Math.max(3, session.io.rows() - headLines(session).length - QUESTION_ROWS);
}

/** A question as it is drawn: who is signed in, what was answered, a hint, and the question itself. */
export function compose(session: Session, question: string, ...hints: readonly string[]): string {
  const { paint, io } = session;
  const columns = io.columns() - 1;
  const notice = session.notice ? [...wrapText(session.notice, columns).map(paint.red), ""] : [];
  const dim = hints.flatMap((hint) => wrapText(hint, columns)).map(paint.dim);
  return [...headLines(session), ...notice, ...dim, paint.bold(truncate(question, columns))].join("\n");
}

/** A question that is answered by typing; unlike a list, it has no line of its own for the keys. */
export function composeInput(session: Session, question: string, hint = ""): string {
  return compose(session, question, hint, "Enter accept · Tab edit · Esc back · Ctrl-C leave");
}

function headLines(session: Session): string[] {
  const { account, io, paint } = session;
  const where = `${account.emulator ? "EMULATED " : ""}${account.cloud} · ${account.who} · tenant ${account.tenant}`;
  // The first line has "aks-mi" before it.
  const first = wrapText(where, io.columns() - 8).map(paint.dim);
  const answers = answerLines(session).map(([label, value]) =>
    truncate(`  ${paint.green("✔")} ${paint.dim(padColumns(label, 15))}${value}`, io.columns() - 1),
  );
  return [...first, ...(answers.length > 0 ? ["", ...answers] : []), ""];
}

function answerLines(session: Session): (readonly [label: string, value: string])[] {
  return session.passed
    .filter((step) => step.applies(session))
    .flatMap((step) => {
      const answered = step.answered(session);
      return answered ? [answered] : [];
    });
}
