import type { MigrationPlan } from "../plan/schema.ts";
import { nameOf } from "../report/ids.ts";
import { planInBrief } from "../report/plan-digest.ts";
import { renderPlan } from "../report/plan-report.ts";
import { wrapText } from "../text/terminal.ts";
import { checkPlanFile, toChoices } from "./wizard-command.ts";
import type { Session, WizardStep } from "./wizard-session.ts";
import { compose, composeInput } from "./wizard-session.ts";
import type { WizardResult } from "./wizard-types.ts";

const always = () => true;
const nothing = () => undefined;

/** The questions from the plan to its approval. */
export const APPROVAL_STEPS: readonly WizardStep[] = [
  { applies: always, ask: readPlan, answered: ({ answers }) => ["Plan", planInBrief(answers.plan!)] },
  { applies: always, ask: askWhen, answered: nothing },
  { applies: ({ answers }) => answers.when === "save", ask: save, answered: nothing },
  { applies: always, ask: approve, answered: nothing },
];

/** Lines of the screen that are not the page: the title, the question, three choices, the keys, margins. */
const REVIEW_ROWS = 8;

/** Makes the plan and shows it page by page. */
async function readPlan(session: Session): Promise<undefined> {
  const { answers, services, io } = session;
  const plan = await session.working("Reading the clusters and making the plan…", (say) =>
    services.makePlan(toChoices(session), say),
  );
  answers.plan = plan;
  const report = renderPlan(plan, {
    color: io.color,
    width: io.columns() - 1,
    hash: services.hash(plan),
    nextCommand: "Go on in this wizard; nothing is changed before you confirm.",
  });
  await readPages(session, report.trimEnd().split("\n"));
  return undefined;
}

async function readPages(session: Session, lines: readonly string[]): Promise<void> {
  const { prompts, io, paint } = session;
  const rows = Math.max(5, io.rows() - REVIEW_ROWS);
  const pages = paginate(lines, rows);
  for (let page = 0; ; ) {
    const last = page === pages.length - 1;
    const shown = pages[page]!;
    const move = await prompts.select({
      message: [
        paint.dim(`The plan, page ${page + 1} of ${pages.length}`),
        ...shown,
        ...Array<string>(rows - shown.length).fill(""),
        paint.bold(last ? "That was the plan." : "Read on?"),
      ].join("\n"),
      pageSize: 3,
      default: last ? "done" : "next",
      choices: [
        ...(last ? [] : [{ value: "next" as const, name: "Next page" }]),
        { value: "done" as const, name: last ? "I have read it: go on" : "Go on without reading the rest" },
        ...(page > 0 ? [{ value: "previous" as const, name: "Previous page" }] : []),
      ],
    });
    if (move === "done") return;
    page += move === "next" ? 1 : -1;
  }
}

/** Pages of at most so many lines, broken at an empty line where one is near the end, but not behind a heading. */
export function paginate(lines: readonly string[], rows: number): string[][] {
  const pages: string[][] = [];
  for (let rest = [...lines]; rest.length > 0; ) {
    const gap = rest.length > rows ? rest.lastIndexOf("", rows) : -1;
    let end = gap > rows / 2 ? gap : rows;
    if (end < rest.length && end > 2 && rest[end - 2] === "") end -= 2;
    pages.push(rest.slice(0, end));
    rest = rest.slice(end);
    while (rest[0] === "") rest.shift();
  }
  return pages;
}

async function askWhen(session: Session): Promise<WizardResult | undefined> {
  const { answers, prompts } = session;
  const plan = answers.plan!;
  const changes = plan.clusters.flatMap(({ steps }) => steps).flatMap((step) => step.changes);
  const blocked = plan.clusters.some((cluster) => cluster.blocked);
  const save = {
    value: "save" as const,
    name: "Save the plan to a file and leave",
    description: "For a review, or for a pipeline: aks-mi apply --plan FILE.",
  };
  const leave = { value: "leave" as const, name: "Leave", description: "Nothing is changed." };
  const now = {
    value: "now" as const,
    name: "Run it now",
    description: "With checkpoints: a run that is stopped goes on with aks-mi resume.",
  };
  const prepare = {
    value: "prepare" as const,
    name: "Prepare now, switch later",
    description: "Makes identities and roles, waits for them, and stops before the point of no return.",
  };
  const able = !blocked && changes.length > 0;
  const when = await prompts.select({
    message: compose(
      session,
      "What shall happen with this plan?",
      blocked ? "It is blocked: it can be saved, but not run." : changes.length === 0 ? "There is nothing to do." : "",
    ),
    pageSize: 4,
    default: answers.when,
    choices: [
      ...(able ? [now] : []),
      ...(able && hasSwitch(plan) ? [prepare] : []),
      ...(changes.length > 0 ? [save] : []),
      leave,
    ],
  });
  if (when === "leave") return { kind: "left" };
  answers.when = when;
  return undefined;
}

function hasSwitch(plan: MigrationPlan): boolean {
  return plan.clusters.some(({ steps }) =>
    steps.some(({ id, changes }) => id === "enable-managed-identity" && changes.length > 0),
  );
}

async function save(session: Session): Promise<WizardResult> {
  const { answers, prompts, services } = session;
  const file = await prompts.input({
    message: composeInput(session, "File for the plan:"),
    default: answers.file ?? "plan.yaml",
    validate: checkPlanFile,
  });
  answers.file = file;
  await services.savePlan(answers.plan!, file);
  return { kind: "saved", file };
}

/** Has each cluster that reaches its point of no return confirmed by its name; the others with one more Enter. */
async function approve(session: Session): Promise<WizardResult> {
  const plan = session.answers.plan!;
  const until = session.answers.when === "prepare" ? ("enable-managed-identity" as const) : undefined;
  const final = plan.clusters.filter(({ steps }) =>
    steps.some(({ changes }) => changes.some(({ risk }) => risk === "irreversible")),
  );
  if (until) await confirm(session, "Prepare it now?", PREPARING);
  else if (final.length === 0) await confirm(session, "Run it now?", "No change in it is irreversible.");
  else for (const { id } of final) await typeName(session, nameOf(id));
  return { kind: "apply", plan, until };
}

async function confirm(session: Session, question: string, hint: string): Promise<void> {
  await session.prompts.select({
    message: compose(session, question, hint),
    pageSize: 2,
    choices: [{ value: true, name: "Yes" }],
  });
}

async function typeName(session: Session, name: string): Promise<void> {
  const { prompts, paint, io } = session;
  const warning = wrapText(WARNING, io.columns() - 1).map((line) => paint.bold(paint.red(line)));
  await prompts.input({
    message: [compose(session, "") + warning[0], ...warning.slice(1), paint.bold(`Type ${name} to confirm:`)].join(
      "\n",
    ),
    validate: (answer) =>
      answer.trim() === name || `That is not ${name}: type the cluster's name, or press Esc to go back.`,
  });
}

const PREPARING =
  "It stops before the point of no return, and aks-mi undo takes it back. To go on, aks-mi resume asks for an approval of its own.";

const WARNING =
  "POINT OF NO RETURN: a cluster on managed identity cannot go back to a service principal, and its nodes are drained.";
