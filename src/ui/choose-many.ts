import type { Choice } from "./prompts.ts";
import { WentBack } from "./prompts.ts";
import type { Session } from "./wizard-session.ts";
import { compose, composeInput, pageSize } from "./wizard-session.ts";

/** Something that can be chosen together with others. */
export interface Item {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** Why it cannot be chosen. */
  readonly disabled?: string | undefined;
  /** True when it is always part of the answer. */
  readonly fixed?: boolean | undefined;
}

/** A question whose answer is a set. */
export interface ManyQuestion {
  readonly question: string;
  readonly hint: string;
  readonly items: readonly Item[];
  readonly chosen: readonly string[];
  readonly atLeastOne: boolean;
  /** How to name something that is not in the list. */
  readonly add?: {
    readonly label: string;
    readonly question: string;
    readonly validate: (text: string) => true | string;
  };
}

/** Why a fixed item cannot be unchosen. */
export const ALWAYS_KEPT = "(always kept)";

const GO_ON = "go on";
const ADD = "add";
const ALL = "all";

/** A searchable list in which Enter chooses and unchooses, until the user goes on. Fixed items are shown and not part of the answer. */
export async function chooseMany(session: Session, question: ManyQuestion): Promise<string[]> {
  let chosen = [...question.chosen];
  let items = [...question.items];
  let focus: string =
    chosen.length > 0 || !question.atLeastOne ? GO_ON : (items.find(({ disabled }) => !disabled)?.id ?? GO_ON);
  let matching: readonly Item[] = [];
  for (;;) {
    const answer = await session.prompts.search({
      message: compose(session, question.question, question.hint),
      pageSize: pageSize(session),
      default: focus,
      source: (term) => {
        matching = matchItems(items, term);
        return listChoices(session, question, items, matching, chosen, term);
      },
    });
    if (answer === GO_ON) return chosen;
    if (answer === ALL) {
      chosen = [...new Set([...chosen, ...choosable(matching).map(({ id }) => id)])];
      focus = GO_ON;
      continue;
    }
    if (answer === ADD) {
      const added = await addItem(session, question);
      if (added && !items.some(({ id }) => id === added.id)) items = [...items, added];
      if (added && !chosen.includes(added.id)) chosen = [...chosen, added.id];
      focus = GO_ON;
    } else {
      focus = chosen.includes(answer) ? answer : GO_ON;
      chosen = chosen.includes(answer) ? chosen.filter((id) => id !== answer) : [...chosen, answer];
    }
  }
}

/**
 * Those that have each word of the term in their resource id or their line. Not in the description: what was found on one
 * cluster names others, and all that match can be chosen at once.
 */
function matchItems(items: readonly Item[], term: string): Item[] {
  const words = term.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter(({ id, label }) => {
    const text = `${id} ${label}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function choosable(items: readonly Item[]): Item[] {
  return items.filter(({ disabled, fixed }) => !disabled && !fixed);
}

function listChoices(
  { paint }: Session,
  { atLeastOne, add }: ManyQuestion,
  items: readonly Item[],
  matching: readonly Item[],
  chosen: readonly string[],
  term: string,
): Choice<string>[] {
  const list = matching.map(({ id, label, description, disabled, fixed }): Choice<string> => {
    const mark = fixed || chosen.includes(id) ? paint.green("◉") : "◯";
    return {
      value: id,
      name: `${mark} ${label}`,
      description,
      disabled: disabled ?? (fixed ? ALWAYS_KEPT : undefined),
    };
  });
  if (term.trim() !== "") {
    const all = choosable(matching).length;
    return all > 1 ? [...list, { value: ALL, name: `Choose all ${all} that match` }] : list;
  }
  const names = items.filter(({ id, fixed }) => fixed || chosen.includes(id)).map(({ name }) => name);
  const goOn: Choice<string> = { value: GO_ON, name: `Go on with ${listNames(names)}` };
  return [
    ...(chosen.length > 0 || !atLeastOne ? [goOn] : []),
    ...list,
    ...(add ? [{ value: ADD, name: add.label }] : []),
  ];
}

/** A few names, and how many more there are. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ");
}

async function addItem(session: Session, { add }: ManyQuestion): Promise<Item | undefined> {
  try {
    const id = await session.prompts.input({ message: composeInput(session, add!.question), validate: add!.validate });
    return { id, name: id.slice(id.lastIndexOf("/") + 1), label: id.slice(id.lastIndexOf("/") + 1), description: id };
  } catch (error) {
    // Esc in the small question goes back to the list, not to the question before it.
    if (error instanceof WentBack) return undefined;
    throw error;
  }
}
