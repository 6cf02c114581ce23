/**
 * Turns work that reports events through a callback into a generator of those events. Each report resolves only when
 * the consumer has asked for the next event, that is, when it has put this one on disk.
 * @throws what the work throws, after its last event
 */
export async function* relay<E>(work: (report: (event: E) => Promise<void>) => Promise<void>): AsyncGenerator<E, void> {
  const waiting: { event: E; written: () => void }[] = [];
  let wakeUp: () => void = () => {};
  let ended: { error?: unknown } | undefined;
  const report = (event: E) =>
    new Promise<void>((written) => {
      waiting.push({ event, written });
      wakeUp();
    });
  work(report).then(
    () => {
      ended = {};
      wakeUp();
    },
    (error: unknown) => {
      ended = { error };
      wakeUp();
    },
  );
  for (;;) {
    const next = waiting.shift();
    if (next) {
      yield next.event;
      next.written();
    } else if (ended) {
      if ("error" in ended) throw ended.error;
      return;
    } else {
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
        if (waiting.length > 0 || ended) resolve();
      });
    }
  }
}
