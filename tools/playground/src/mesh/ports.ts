import { createServer, type AddressInfo } from 'node:net';

/** The wanted port when it is free on the address, else any free one. */
export async function pickPort(host: string, wanted: number): Promise<number> {
  return (await probe(host, wanted)) ?? (await probe(host, 0)) ?? wanted;
}

function probe(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const { port: got } = server.address() as AddressInfo;
      server.close(() => resolve(got));
    });
  });
}
