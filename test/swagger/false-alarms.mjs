/** Services that the descriptions speak of, with the version of the official text. */
const VERSIONS = [
  [/^Microsoft\.ContainerService\//i, "2024-09-01"],
  [/^Microsoft\.ManagedIdentity\//i, "2023-01-31"],
  [/^Microsoft\.Authorization\/locks/i, "2020-05-01"],
  [/^Microsoft\.Authorization\//i, "2022-04-01"],
  [/^Microsoft\.ContainerRegistry\//i, "2023-07-01"],
];

/** Services of which only the SDK's descriptions are at hand. */
const SDK_ONLY = /^Microsoft\.(Network|Compute)\//i;

/** Where operations are polled: no description has these addresses, and clients take them from an answer. */
const POLLED = /\/locations\/[^/]+\/(operations|operationresults)\//i;

/** True for a request that the descriptions speak of. */
export function isDescribed(url, official) {
  const path = decodeURIComponent(new URL(url).pathname);
  const provider =
    path
      .split(/\/providers\//i)
      .slice(1)
      .at(-1) ?? "";
  if (POLLED.test(path)) return false;
  return VERSIONS.some(([pattern]) => pattern.test(provider)) || (!official && SDK_ONLY.test(provider));
}

/** The request in the api-version that the official text describes: the Azure CLI speaks older ones. */
export function inDescribedVersion(text) {
  const url = new URL(text);
  const provider = decodeURIComponent(url.pathname)
    .split(/\/providers\//i)
    .at(-1);
  url.searchParams.set("api-version", VERSIONS.find(([pattern]) => pattern.test(provider))[1]);
  return url.toString();
}

/** Calls that are missing from the descriptions at hand, though Azure and its official text have them. */
const NOT_AT_HAND = [
  /\/virtualMachineScaleSets\/[^/]+\/virtualMachines/i,
  /\/Microsoft\.Compute\/(virtualMachines|diskEncryptionSets|locations\/[^/]+\/usages)/i,
  /\/Microsoft\.Network\/(virtualNetworks|applicationGateways|privateDnsZones)(\/[^/]+)?$/i,
  /\/managedClusters\/[^/]+\/maintenanceConfigurations/i,
  /\/Microsoft\.Authorization\/policyAssignments/i,
];

/** The subscription of the emulator's own tests, which send what the tool never sends. */
const EMULATOR_TESTS = /^\/subscriptions\/11111111-1111-4111-8111-111111111111\//i;

const CLUSTER = /\/Microsoft\.ContainerService\/managedClusters\//i;

/** The ends of an error in the flat form of the AKS resource provider, as the enveloped form misses or finds them. */
const FLAT_FORM = /^\/(code|message|details|subcode|target|error)$/;

/**
 * What the validator complains of without an error of ours: `matches` says which complaints, `official` limits an entry
 * to one set of descriptions.
 */
export const FALSE_ALARMS = [
  {
    reason:
      "Tests put in nodeDisruptionProfile, which Azure documents for previews only: the descriptions are of stable versions, and the emulator keeps what it is given.",
    matches: ({ error }) => /^Additional properties not allowed: nodeDisruptionProfile$/.test(error.message),
  },
  {
    reason:
      "Tests put in a pool of the mode Machines, which previews of the API have: the descriptions are of stable versions, and the emulator keeps what it is given.",
    matches: ({ error }) => error.code === "ENUM_MISMATCH" && /^No enum match for: Machines$/.test(error.message),
  },
  {
    reason: "The request was refused, as it was meant to be: tests send what is wrong to see how it is refused.",
    matches: ({ pair, error }) => error.side === "requestValidationResult" && pair.response.statusCode >= 400,
  },
  {
    reason: "Tests send methods that a path does not take, which no description has, to see them refused (405).",
    matches: ({ pair, error }) => isUnknown(error) && pair.response.statusCode === 405,
  },
  {
    reason:
      "That there is no newer node image may be answered with 304, as the AKS team announced in 2023 and no description has it: upToDateImageUpgrade switches it on.",
    matches: ({ pair, result, error }) =>
      error.code === "INVALID_RESPONSE_CODE" &&
      pair.response.statusCode === 304 &&
      result.operationId === "AgentPools_UpgradeNodeImageVersion",
  },
  {
    reason:
      "The AKS resource provider answers errors as a flat { code, message, details, subcode } (recorded: ServicePrincipalNotFound); its description has the envelope that ARM puts around its own errors.",
    matches: ({ pair, result, error }) =>
      error.side === "responseValidationResult" &&
      pair.response.statusCode >= 400 &&
      /^(ManagedClusters|AgentPools)_/.test(result.operationId ?? "") &&
      typeof pair.response.body.code === "string" &&
      pair.response.body.error === undefined &&
      (error.paths ?? []).every((path) => FLAT_FORM.test(path)),
  },
  {
    reason:
      "The descriptions at hand leave out these calls: instances of scale sets, single machines, disk encryption sets, quotas, whole networks, application gateways, private zones, maintenance windows, policy assignments.",
    official: false,
    matches: ({ pair, error }) => isUnknown(error) && NOT_AT_HAND.some((call) => call.test(pathOf(pair))),
  },
  {
    reason: "The emulator's tests call with an older api-version, or with none, to see what that changes.",
    official: false,
    matches: ({ pair, error }) =>
      isUnknown(error) && EMULATOR_TESTS.test(pathOf(pair)) && versionOf(pair) !== "2026-04-01",
  },
  {
    reason: "The tests of the command line look at clusters by themselves, with api-version 2024-09-01.",
    official: false,
    matches: ({ pair, error }) =>
      isUnknown(error) && versionOf(pair) === "2024-09-01" && new URL(pair.request.url).hostname === "127.0.0.1",
  },
  {
    reason: "The tests of branches act as other people at work on a cluster, with api-version 2025-07-01.",
    official: false,
    matches: ({ pair, error }) => isUnknown(error) && versionOf(pair) === "2025-07-01" && CLUSTER.test(pathOf(pair)),
  },
  {
    reason:
      "The search for secrets plants one in a property that no description knows; the emulator and the tool keep it.",
    matches: ({ error }) => /^Additional properties not allowed: kubeconfigs$/.test(error.message),
  },
  {
    reason:
      "The emulator's tests send back what they read, read-only fields and all, as some clients do: Azure ignores those fields. The tool's own requests carry none.",
    official: false,
    matches: ({ pair, error }) =>
      error.code === "READONLY_PROPERTY_NOT_ALLOWED_IN_REQUEST" && EMULATOR_TESTS.test(pathOf(pair)),
  },
  {
    reason:
      "A registry's roleAssignmentMode came after the description of 2024; the emulator keeps what was put in, whatever the api-version.",
    official: true,
    matches: ({ result, error }) =>
      result.operationId === "Registries_Get" &&
      error.code === "OBJECT_ADDITIONAL_PROPERTIES" &&
      error.paths?.[0] === "/properties/roleAssignmentMode",
  },
];

function isUnknown(error) {
  return error.code.startsWith("OPERATION_NOT_FOUND_IN_CACHE");
}

function pathOf(pair) {
  return decodeURIComponent(new URL(pair.request.url).pathname);
}

function versionOf(pair) {
  return new URL(pair.request.url).searchParams.get("api-version");
}
