/** The clouds, by the names that `az cloud list` gives them. */
export type CloudName = "AzureCloud" | "AzureUSGovernment" | "AzureChinaCloud";

/** Where a cloud's services are. */
export interface Cloud {
  readonly name: CloudName;
  readonly resourceManager: string;
  readonly graph: string;
  readonly authority: string;
}

/** Every cloud that there is, with its endpoints (`az cloud list`). */
export const CLOUDS: Readonly<Record<CloudName, Cloud>> = {
  AzureCloud: {
    name: "AzureCloud",
    resourceManager: "https://management.azure.com",
    graph: "https://graph.microsoft.com",
    authority: "https://login.microsoftonline.com",
  },
  AzureUSGovernment: {
    name: "AzureUSGovernment",
    resourceManager: "https://management.usgovcloudapi.net",
    graph: "https://graph.microsoft.us",
    authority: "https://login.microsoftonline.us",
  },
  AzureChinaCloud: {
    name: "AzureChinaCloud",
    resourceManager: "https://management.chinacloudapi.cn",
    graph: "https://microsoftgraph.chinacloudapi.cn",
    authority: "https://login.partner.microsoftonline.cn",
  },
};
