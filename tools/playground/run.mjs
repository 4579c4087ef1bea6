// Starts a program of the playground from its TypeScript source: `node tools/playground/run.mjs PROGRAM [ARG...]`.
// Who started this, as early as it can be known: see src/parent.ts.
process.env.OSM_PLAYGROUND_STARTER = `${process.ppid}`;
// Without tsx's cache, which would be a file outside the state directory.
process.env.TSX_DISABLE_CACHE = '1';
// Debian's ordinary users do not have the directories of ip and iptables on their PATH.
process.env.PATH = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
const { register } = await import('tsx/esm/api');
register();
// The program sees its own arguments; whoever runs it again (as root) needs its name, too.
const [program] = process.argv.splice(2, 1);
process.env.OSM_PLAYGROUND_PROGRAM = program;
await import(new URL(`./src/${program}.ts`, import.meta.url).href);
