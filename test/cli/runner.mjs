/**
 * Runs command lines one after another in one process, so that a test of many does not pay for as many starts. What a command writes and the code
 * with which it would end come back as a message. Signals, kills and what the first thread does need processes of their own.
 */
const { runProgram } = await import(process.argv[2]);

let outcome = { stdout: '', stderr: '' };
for (const name of ['stdout', 'stderr']) {
  process[name].write = (chunk, encoding, done) => {
    outcome[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    (typeof encoding === 'function' ? encoding : done)?.();
    return true;
  };
}

let queue = Promise.resolve();
process.on('message', ({ id, args }) => {
  queue = queue.then(async () => {
    outcome = { stdout: '', stderr: '' };
    process.exitCode = undefined;
    try {
      await runProgram(args);
    } catch (error) {
      outcome.stderr += `error: ${error?.stack ?? error}\n`;
      process.exitCode = 1;
    }
    process.send({ id, code: process.exitCode ?? 0, signal: null, ...outcome });
  });
});
process.on('disconnect', () => process.exit());
process.send('ready');
