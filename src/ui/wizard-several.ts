import { nameOf } from "../report/ids.ts";
import { WentBack } from "./prompts.ts";
import { checkIdentity, checkResourceGroupName } from "./wizard-command.ts";
import type { Session, WizardStep } from "./wizard-session.ts";
import { compose, composeInput, pageSize } from "./wizard-session.ts";

/** What is not asked where several clusters are chosen. */
export const SEVERAL =
  "With several clusters each keeps the registries that its old identity pulls from; more of them can be named for one cluster alone.";

/** One answer holds for all clusters: a plan has a name for each of them only where none is given. */
const applies = ({ answers }: Session) => answers.to === "user-assigned" && answers.clusters.length > 1;

/** Where an answer of its own stands for the default, which differs by cluster. */
const EACH = "each its own";
const OTHER = "another one";

/** The questions on the identities of several clusters, which have one answer for all. */
export const SEVERAL_STEPS: readonly WizardStep[] = [
  {
    applies,
    ask: (session) =>
      askIdentity(session, "controlPlaneIdentity", "Which identities shall the control planes use?", ""),
    answered: ({ answers }) => ["Control planes", wordsFor(answers.controlPlaneIdentity, "id-<cluster>")],
  },
  {
    applies,
    ask: (session) =>
      askIdentity(session, "kubeletIdentity", "Which identities shall the nodes (kubelet) use?", "-kubelet"),
    answered: ({ answers }) => ["Nodes", wordsFor(answers.kubeletIdentity, "id-<cluster>-kubelet")],
  },
  {
    applies,
    ask: askPlace,
    answered: ({ answers }) => [
      "Place",
      answers.identityResourceGroup
        ? `resource group ${answers.identityResourceGroup}`
        : "each cluster's resource group",
    ],
  },
];

function wordsFor(identity: string | undefined, own: string): string {
  if (identity === undefined) return `each its own, ${own}`;
  return identity === "aks" ? "identities made by AKS" : nameOf(identity);
}

type IdentityKey = "controlPlaneIdentity" | "kubeletIdentity";

async function askIdentity(session: Session, key: IdentityKey, asked: string, suffix: string): Promise<undefined> {
  const { answers, prompts } = session;
  const named = answers[key];
  const typed = named !== undefined && named !== "aks" ? named : undefined;
  const answer = await prompts.select({
    message: compose(session, asked, "One answer for all of them."),
    pageSize: pageSize(session),
    default: named ?? EACH,
    choices: [
      {
        value: EACH,
        name: `Each its own, id-<cluster>${suffix} (recommended)`,
        description: "Made if it does not exist, taken over if it does.",
      },
      ...(typed ? [{ value: typed, name: nameOf(typed), description: "The one that you gave." }] : []),
      {
        value: OTHER,
        name: "Another name or id for all…",
        description: "A name is made for each cluster in its place; one id is shared by all.",
      },
      ...(key === "kubeletIdentity"
        ? [
            {
              value: "aks",
              name: "Those that AKS makes",
              description: "Exist only after the switch: nodes can't pull images until their rights are in force.",
            },
          ]
        : []),
    ],
  });
  if (answer !== OTHER) answers[key] = answer === EACH ? undefined : answer;
  else {
    const question = "Name or resource id of the identity:";
    const given = await typeAnswer(session, question, "It is used for all clusters.", typed, checkIdentity);
    if (given === undefined) return askIdentity(session, key, asked, suffix);
    answers[key] = given;
  }
  return undefined;
}

/** Undefined when the user went back to the list. */
async function typeAnswer(
  session: Session,
  question: string,
  hint: string,
  preset: string | undefined,
  validate: (text: string) => true | string,
): Promise<string | undefined> {
  try {
    return await session.prompts.input({ message: composeInput(session, question, hint), default: preset, validate });
  } catch (error) {
    if (error instanceof WentBack) return undefined;
    throw error;
  }
}

async function askPlace(session: Session): Promise<undefined> {
  const { answers, prompts } = session;
  const answer = await prompts.select({
    message: compose(session, "Where shall new identities be made?"),
    pageSize: pageSize(session),
    default: answers.identityResourceGroup === undefined ? EACH : OTHER,
    choices: [
      { value: EACH, name: "In each cluster's resource group", description: "Beside the cluster that uses them." },
      {
        value: OTHER,
        name: "All in one resource group…",
        description: "One that exists, in each cluster's subscription.",
      },
    ],
  });
  if (answer === EACH) answers.identityResourceGroup = undefined;
  else {
    const question = "Resource group for new identities:";
    const given = await typeAnswer(
      session,
      question,
      "It has to exist.",
      answers.identityResourceGroup,
      checkResourceGroupName,
    );
    if (given === undefined) return askPlace(session);
    answers.identityResourceGroup = given;
  }
  return undefined;
}
