import { sanitize } from "../text/terminal.ts";

/** How grave a message is that a CI system shows beside its log. */
export type Gravity = "error" | "warning" | "notice";

/** The logging commands of a CI system; each returns one line, or nothing where the system has no such command. */
export interface CiDialect {
  readonly name: "github" | "azure-pipelines";
  group(title: string): string;
  endGroup(): string;
  annotate(gravity: Gravity, title: string, message: string): string | undefined;
  /** Takes the power from text that would be a command. */
  disarm(line: string): string;
}

/** The CI system that the environment says we run in; undefined for none that has commands of its own. */
export function detectCi(env: Record<string, string | undefined>): CiDialect | undefined {
  if (env["GITHUB_ACTIONS"] === "true") return GITHUB;
  return env["TF_BUILD"]?.toLowerCase() === "true" ? AZURE_PIPELINES : undefined;
}

// Both systems look for their commands anywhere in a line ("##[…]", "##vso[…]"), GitHub for "::" at its beginning.
const disarm = (line: string): string => line.replace(/##(?=\[|vso\[)/gi, "# #").replace(/^(\s*):(?=:)/, "$1: ");

const GITHUB: CiDialect = {
  name: "github",
  group: (title) => `::group::${githubData(title)}`,
  endGroup: () => "::endgroup::",
  annotate: (gravity, title, message) => `::${gravity} title=${githubProperty(title)}::${githubData(message)}`,
  disarm,
};

function githubData(text: string): string {
  return sanitize(text).replaceAll("%", "%25");
}

function githubProperty(text: string): string {
  return githubData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

const AZURE_PIPELINES: CiDialect = {
  name: "azure-pipelines",
  group: (title) => `##[group]${disarm(sanitize(title))}`,
  endGroup: () => "##[endgroup]",
  annotate: (gravity, title, message) =>
    gravity === "notice"
      ? undefined
      : `##vso[task.logissue type=${gravity}]${disarm(sanitize(`${title}: ${message}`))}`,
  disarm,
};
