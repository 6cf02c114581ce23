/** An operation of Azure that a change started. Its URL is signed, so it is kept apart from the journal. */
export interface Operation {
  readonly id: string;
  /** Of the change that started it. */
  readonly key: string;
  readonly url: string;
}

/** Remembers the operations that have not ended yet. */
export interface OperationStore {
  /** Remembers an operation, in place of an earlier one of the same change. */
  save(operation: Operation): void;
  /** The operation of a change, if one is remembered. */
  find(key: string): Operation | undefined;
  /** Forgets the operation of a change; there may be none. */
  forget(key: string): void;
}

/** Operations of a run that leaves nothing behind: dry runs, rehearsals, tests. */
export class MemoryOperationStore implements OperationStore {
  readonly #operations = new Map<string, Operation>();

  save(operation: Operation): void {
    this.#operations.set(operation.key, operation);
  }

  find(key: string): Operation | undefined {
    return this.#operations.get(key);
  }

  forget(key: string): void {
    this.#operations.delete(key);
  }
}
