// node counters.mjs: prints what the program of this pod has counted.
const answer = await fetch('http://127.0.0.1:14001/raw');
process.stdout.write(await answer.text());
