import type { Assumption } from "../../src/rehearse/assumptions.ts";

type Answers = Assumption["behaviour"];

/** Where no update re-images the nodes, a node image upgrade has to. */
export const needsUpgrade = (answers: Answers) =>
  answers["combinedIdentityUpdate"] === "appliesWithoutRoll" || answers["kubeletIdentityUpdateReimagesNodes"] === false;

/** With the kubelet identity that AKS makes, only an update that re-images nodes by itself spares the upgrade. */
export const needsUpgradeWithAks = ({ identityUpdateReimagesNodes }: Answers) => identityUpdateReimagesNodes !== true;
