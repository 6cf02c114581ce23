/** The parts of an Azure resource id, or of a scope above a resource. */
export interface ResourceName {
  /** Name, with its parents below the provider: `vnet-hub/snet-aks`. */
  readonly name: string;
  /** Lower-case type, for example `microsoft.network/virtualnetworks/subnets`; empty for a scope above a resource. */
  readonly type: string;
  readonly resourceGroup?: string | undefined;
  readonly subscription?: string | undefined;
}

const KINDS: Record<string, string> = {
  "microsoft.containerservice/managedclusters": "cluster",
  "microsoft.containerregistry/registries": "registry",
  "microsoft.managedidentity/userassignedidentities": "identity",
  "microsoft.network/virtualnetworks": "virtual network",
  "microsoft.network/virtualnetworks/subnets": "subnet",
  "microsoft.network/routetables": "route table",
  "microsoft.network/networksecuritygroups": "network security group",
  "microsoft.network/privatednszones": "private DNS zone",
  "microsoft.network/dnszones": "DNS zone",
  "microsoft.network/publicipaddresses": "public IP",
  "microsoft.network/publicipprefixes": "public IP prefix",
  "microsoft.network/applicationgateways": "application gateway",
  "microsoft.compute/diskencryptionsets": "disk encryption set",
  "microsoft.keyvault/vaults": "key vault",
  "microsoft.storage/storageaccounts": "storage account",
  "microsoft.operationalinsights/workspaces": "workspace",
};

/** Takes a resource id or scope apart; anything else is its own name. */
export function parseId(id: string): ResourceName {
  const parts = id.split("/").filter(Boolean);
  const after = (key: string) => {
    const at = parts.findIndex((part) => part.toLowerCase() === key);
    return at < 0 ? undefined : parts[at + 1];
  };
  const subscription = after("subscriptions");
  const resourceGroup = after("resourcegroups");
  const provider = parts.findLastIndex((part) => part.toLowerCase() === "providers");
  if (!id.startsWith("/")) return { name: id, type: "" };
  if (provider < 0) return { name: resourceGroup ?? subscription ?? id, type: "", resourceGroup, subscription };
  const rest = parts.slice(provider + 2);
  return {
    name: rest.filter((_, index) => index % 2 === 1).join("/"),
    type: [parts[provider + 1], ...rest.filter((_, index) => index % 2 === 0)].join("/").toLowerCase(),
    resourceGroup,
    subscription,
  };
}

/** The last part of an id: what people call the thing. */
export function nameOf(id: string): string {
  return parseId(id).name;
}

/** What an id stands for, in the words of Azure's documentation: `subnet`, `registry`, `resource group`. */
export function kindOf(id: string): string {
  const { type, resourceGroup } = parseId(id);
  if (type) return KINDS[type] ?? type.slice(type.lastIndexOf("/") + 1);
  if (resourceGroup) return "resource group";
  return id.toLowerCase().startsWith("/subscriptions/") ? "subscription" : "scope";
}

/** A subscription id as people tell it from others: its first eight digits. */
export function shortSubscription(subscription: string): string {
  return /^[0-9a-f]{8}-/i.test(subscription) ? subscription.slice(0, 8) : subscription;
}

/**
 * Kind, name and place of a resource: `subnet vnet-hub/snet-aks (rg-network, subscription 22222222)`.
 * @param home the subscription that goes without saying
 */
export function shortId(id: string, home?: string): string {
  const { name, type, resourceGroup, subscription } = parseId(id);
  const elsewhere = subscription && subscription.toLowerCase() !== home?.toLowerCase();
  if (type === "" && !resourceGroup) return subscription ? `subscription ${shortSubscription(subscription)}` : id;
  const place = [
    type === "" ? undefined : resourceGroup,
    elsewhere ? `subscription ${shortSubscription(subscription)}` : undefined,
  ].filter(Boolean);
  return `${kindOf(id)} ${name}${place.length > 0 ? ` (${place.join(", ")})` : ""}`;
}

/** A copy of plain data in which each subscription id is replaced by `subscription-1`, `subscription-2` …, in their order. */
export function maskSubscriptions<T>(value: T): T {
  const found = JSON.stringify(value).matchAll(/\/subscriptions\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/gi);
  const subscriptions = [...new Set([...found].map((match) => match[1]!.toLowerCase()))];
  let text = JSON.stringify(value);
  for (const [index, subscription] of subscriptions.entries())
    text = text.replaceAll(new RegExp(subscription, "gi"), `subscription-${index + 1}`);
  return JSON.parse(text) as T;
}
