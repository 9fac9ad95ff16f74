/** Secret seeds of the noise: read from a file, or drawn anew. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { RetrievalGuardError } from '../errors.ts';
import { messageOf } from '../words.ts';
import { warn } from './terminal.ts';

/** Bytes of a secret. */
const SECRET_BYTES = 32;
/** More is no secret: two digits a byte, and the end of a line. */
const MOST_BYTES = 2 * SECRET_BYTES + 2;
/** Bits of a file's mode that let others than its owner read it. */
const READ_BY_OTHERS = 0o044;

/** A secret that nobody knows, and that is forgotten with the process: 32 bytes of the operating system's generator. */
export const freshSecret = (): Uint8Array => new Uint8Array(randomBytes(SECRET_BYTES));

/**
 * The secret of a file: 32 bytes, or 64 hexadecimal digits. Warns where others may read it.
 *
 * @throws RetrievalGuardError OPTION_INVALID for a file that cannot be read or has other content
 */
export async function readSecret(file: string): Promise<Uint8Array> {
  const { bytes, mode } = await beginningOf(file).catch((cause: unknown) => {
    throw new RetrievalGuardError('OPTION_INVALID', {
      expected: `--secret ${file} to be a file that can be read`,
      got: messageOf(cause),
      fix: 'Make one with: (umask 077; openssl rand -hex 32 > FILE)',
      cause,
    });
  });
  if (process.platform !== 'win32' && (mode & READ_BY_OTHERS) !== 0)
    warn(`${file} can be read by others than its owner: chmod 600 ${file}`);
  if (bytes.length === SECRET_BYTES) return bytes;
  const digits = new TextDecoder().decode(bytes).trim();
  if (/^[0-9a-f]{64}$/i.test(digits)) return new Uint8Array(Buffer.from(digits, 'hex'));
  throw new RetrievalGuardError('OPTION_INVALID', {
    expected: `--secret ${file} to hold 32 bytes, or 64 hexadecimal digits`,
    got: bytes.length > MOST_BYTES ? 'a longer file' : `${bytes.length} bytes`,
    fix: 'Make one with: (umask 077; openssl rand -hex 32 > FILE)',
  });
}

/** As much of a file as tells whether it is a secret, and its mode. What else the name stands for may be endless. */
async function beginningOf(file: string): Promise<{ bytes: Uint8Array; mode: number }> {
  const handle = await open(file);
  try {
    const { mode } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(new Uint8Array(MOST_BYTES + 1), { position: 0 });
    return { bytes: buffer.slice(0, bytesRead), mode };
  } finally {
    await handle.close();
  }
}
