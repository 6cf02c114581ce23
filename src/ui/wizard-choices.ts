import { kindOf, nameOf, shortId } from "../report/ids.ts";
import { count } from "../report/words.ts";
import { sanitizeDeep, truncate } from "../text/terminal.ts";
import { ALWAYS_KEPT, chooseMany, listNames } from "./choose-many.ts";
import { WentBack } from "./prompts.ts";
import { columnsForNames, describeCluster, detailOfCluster, sortClusters } from "./wizard-clusters.ts";
import { checkIdentity, checkRegistryId, checkResourceGroupName } from "./wizard-command.ts";
import type { Session, WizardStep } from "./wizard-session.ts";
import { chosenClusters, compose, composeInput, pageSize } from "./wizard-session.ts";
import { SEVERAL, SEVERAL_STEPS } from "./wizard-several.ts";

const always = () => true;

const BROKEN = "(repair it)";

/** What a list puts around the description of a cluster: cursor, mark and margins. */
const LIST_COLUMNS = 6;

/** A cluster alone is asked for with its own names; for several there are other questions. */
const namesIdentities = ({ answers }: Session) => answers.to === "user-assigned" && answers.clusters.length === 1;

/** Label and default name of each identity that can be chosen. */
interface IdentityQuestion {
  readonly key: "controlPlaneIdentity" | "kubeletIdentity";
  readonly label: string;
  readonly question: string;
  readonly hint: string;
  readonly suffix: string;
}

const CONTROL_PLANE: IdentityQuestion = {
  key: "controlPlaneIdentity",
  label: "Control plane",
  question: "Which identity shall the control plane use?",
  hint: "It manages load balancers, disks, routes and scale sets.",
  suffix: "",
};

const KUBELET: IdentityQuestion = {
  key: "kubeletIdentity",
  label: "Nodes",
  question: "Which identity shall the nodes (kubelet) use?",
  hint: "It pulls images. Your own can have its rights before the first node is re-imaged.",
  suffix: "-kubelet",
};

/** The questions that a plan is made of. */
export const CHOICE_STEPS: readonly WizardStep[] = [
  { applies: always, ask: askClusters, answered: clustersAnswered },
  { applies: always, ask: askTarget, answered: targetAnswered },
  identityStep(CONTROL_PLANE),
  identityStep(KUBELET),
  {
    applies: namesIdentities,
    ask: askResourceGroup,
    answered: ({ answers }) => ["Place", `resource group ${answers.identityResourceGroup}`],
  },
  ...SEVERAL_STEPS,
  { applies: ({ answers }) => answers.clusters.length === 1, ask: askRegistries, answered: registriesAnswered },
];

async function askClusters(session: Session): Promise<undefined> {
  const { answers } = session;
  const before = answers.clusters;
  const columns = session.io.columns() - LIST_COLUMNS;
  const nameColumns = columnsForNames(session.clusters, columns);
  answers.clusters = await chooseMany(session, {
    question: "Which clusters shall be migrated? Type to search:",
    hint: [
      `${count(session.clusters.length, "cluster")}, judged from outside as by aks-mi assess.`,
      ...session.gaps,
    ].join(" "),
    chosen: before,
    atLeastOne: true,
    items: sortClusters(session.clusters).map((cluster) => {
      const disabled = cluster.state === "broken" ? BROKEN : undefined;
      const text = describeCluster(cluster, { now: session.io.now(), columns, nameColumns });
      const label = truncate(text, columns - (disabled ? disabled.length + 1 : 0));
      return { id: cluster.id, name: cluster.name, label, description: detailOfCluster(cluster), disabled };
    }),
  });
  if (answers.clusters.join() === before.join()) return;
  answers.controlPlaneIdentity = answers.kubeletIdentity = answers.identityResourceGroup = undefined;
  answers.registries = [];
}

function clustersAnswered(session: Session): [string, string] {
  const clusters = chosenClusters(session);
  const names = listNames(clusters.map(({ name }) => name));
  return clusters.length === 1 ? ["Cluster", `${names} in ${clusters[0]!.resourceGroup}`] : ["Clusters", names];
}

async function askTarget(session: Session): Promise<undefined> {
  session.answers.to = await session.prompts.select({
    message: compose(session, "Which kind of managed identity?", session.answers.clusters.length > 1 ? SEVERAL : ""),
    pageSize: pageSize(session),
    default: session.answers.to ?? "user-assigned",
    choices: [
      {
        value: "user-assigned" as const,
        name: "User-assigned (recommended)",
        description: "Exists before the switch, so its rights are in force before any node needs them.",
      },
      {
        value: "system-assigned" as const,
        name: "System-assigned",
        description: "Azure makes it in the switch: its rights come after, so the plan announces a gap.",
      },
    ],
  });
  return undefined;
}

function targetAnswered({ answers }: Session): [string, string] {
  return ["Target", `${answers.to} identit${answers.clusters.length > 1 ? "ies" : "y"}`];
}

function identityStep(question: IdentityQuestion): WizardStep {
  return {
    applies: namesIdentities,
    ask: (session) => askIdentity(session, question),
    answered: ({ answers }) => {
      const identity = answers[question.key];
      if (identity === undefined) return undefined;
      return [question.label, identity === "aks" ? "identity made by AKS" : nameOf(identity)];
    },
  };
}

async function askIdentity(session: Session, question: IdentityQuestion): Promise<undefined> {
  const { answers, services, prompts } = session;
  const [cluster] = chosenClusters(session);
  const preset = `id-${cluster!.name}${question.suffix}`;
  const existing = await session.working("Reading the identities…", async () =>
    sanitizeDeep(await services.identities(cluster!.id)),
  );
  const other = "another name";
  const own = {
    value: preset,
    name: `${preset} (recommended)`,
    description: "Made if it does not exist, taken over if it does.",
  };
  const named = answers[question.key];
  const isTyped = named && named !== preset && named !== "aks" && !existing.some(({ id }) => id === named);
  const answer = await prompts.select({
    message: compose(session, question.question, question.hint),
    pageSize: pageSize(session),
    default: named ?? preset,
    choices: [
      own,
      ...(isTyped ? [{ value: named, name: nameOf(named), description: "The one that you gave." }] : []),
      ...existing
        .filter(({ name }) => name.toLowerCase() !== preset.toLowerCase())
        .map(({ id, name, resourceGroup }) => ({ value: id, name, description: `Exists in ${resourceGroup}.` })),
      {
        value: other,
        name: "Another name or id…",
        description: "A new name, or the id of one in another subscription.",
      },
      ...(question.key === "kubeletIdentity" ? [AKS_MADE] : []),
    ],
  });
  if (answer !== other) answers[question.key] = answer;
  else if (!(await typeIdentity(session, question, preset))) return askIdentity(session, question);
  return undefined;
}

const AKS_MADE = {
  value: "aks",
  name: "The one that AKS makes",
  description: "Exists only after the switch: nodes can't pull images until its rights are in force.",
};

/** False when the user went back to the list. */
async function typeIdentity(session: Session, { hint, key }: IdentityQuestion, preset: string): Promise<boolean> {
  const { answers, prompts } = session;
  const named = answers[key];
  try {
    answers[key] = await prompts.input({
      message: composeInput(session, "Name or resource id of the identity:", hint),
      default: named && named !== "aks" ? named : preset,
      validate: checkIdentity,
    });
    return true;
  } catch (error) {
    if (error instanceof WentBack) return false;
    throw error;
  }
}

async function askResourceGroup(session: Session): Promise<undefined> {
  const [cluster] = chosenClusters(session);
  session.answers.identityResourceGroup = await session.prompts.input({
    message: composeInput(
      session,
      "Resource group for new identities:",
      "Not the node resource group: AKS owns that one.",
    ),
    default: session.answers.identityResourceGroup ?? cluster!.resourceGroup,
    validate: checkResourceGroupName,
  });
  return undefined;
}

async function askRegistries(session: Session): Promise<undefined> {
  const { answers, services } = session;
  const [cluster] = chosenClusters(session);
  const found = await session.working("Reading the registries…", async () =>
    sanitizeDeep(await services.registries(cluster!.id)),
  );
  const typed = answers.registries.filter((id) => !found.some((registry) => registry.id === id));
  const items = [...found, ...typed.map((id) => ({ id, source: "named by you", always: false }))];
  answers.registries = await chooseMany(session, {
    question: "Which registries do its images come from?",
    hint: "The kubelet identity gets a pull role on each; those of the old principal are always kept.",
    chosen: answers.registries,
    atLeastOne: false,
    items: items.map(({ id, source, always: fixed }) => {
      const name = nameOf(id);
      const room = session.io.columns() - LIST_COLUMNS - ALWAYS_KEPT.length - 1;
      const label = truncate(`${name}  ${session.paint.dim(source)}`, room);
      return { id, name, label, description: `${shortId(id, cluster!.subscription)}: ${source}.`, fixed };
    }),
    add: {
      label: "Add a registry by its resource id…",
      question: "Resource id of the registry:",
      validate: checkRegistryId,
    },
  });
  return undefined;
}

function registriesAnswered({ answers }: Session): [string, string] {
  const more = answers.registries.map((id) => `${kindOf(id)} ${nameOf(id)}`).join(", ");
  return ["Registries", `those of the old principal${more ? ` and ${more}` : ""}`];
}
