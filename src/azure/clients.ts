import { type Pipeline, tracingPolicyName } from "@azure/core-rest-pipeline";

/** What every client of the SDK has. */
interface SdkClient {
  readonly pipeline: Pipeline;
}

/**
 * Makes clients of the SDK, one per subscription: each builds a pipeline of its own, which takes longer than a request.
 * @param make gets the subscription, or "" for what lies above all subscriptions
 */
export function clientPerSubscription<Client extends SdkClient>(
  make: (subscription: string) => Client,
): (subscription: string) => Client {
  const clients = new Map<string, Client>();
  return (subscription) => {
    const known = clients.get(subscription);
    if (known) return known;
    const client = make(subscription);
    withoutTracing(client.pipeline);
    clients.set(subscription, client);
    return client;
  };
}

/** Takes out the policy that describes each request for OpenTelemetry, which nobody here listens to. @returns the pipeline */
export function withoutTracing(pipeline: Pipeline): Pipeline {
  pipeline.removePolicy({ name: tracingPolicyName });
  return pipeline;
}
