/** Commands and answers travel over a child process's IPC channel with a number that pairs them. */
export interface Numbered {
  readonly id: number;
  readonly body: unknown;
}

/** The id of a message that nobody asked for: a child's greeting. */
export const greetingId = 0;

/** The child's side: answers every command of the parent, and ends the process when the parent is gone. */
export function serveCommands(run: (command: unknown) => Promise<unknown>): void {
  process.on('message', (message) => {
    const { id, body } = message as Numbered;
    run(body).then(
      (answer) => send({ id, body: answer }),
      (thrown: unknown) => send({ id, body: { kind: 'failed', message: String(thrown) } }),
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.on('SIGTERM', () => process.exit(0));
}

/** The child's greeting to its parent. */
export function announce(body: unknown): void {
  send({ id: greetingId, body });
}

function send(message: Numbered): void {
  process.send?.(message);
}
