/** What lies in a dataset's folder and is none of its images, counted by reason. */

/** Why a file is left out, in the plural of a sentence. */
const REASONS = {
  kind: 'of another kind than the images that are read',
  heic: 'HEIC, which is not read here (convert them to JPEG)',
  stray: 'beside the class folders',
  hidden: 'hidden or of the system',
  name: 'with a name that is not UTF-8',
  special: 'no ordinary files (pipes, sockets, devices)',
  dangling: 'links to nothing',
  outside: 'links that lead out of the folder (copy what they lead to, or name it as the dataset)',
  locked: 'folders that cannot be read',
} as const;

/** Counts what is left out. */
export class LeftOut {
  readonly #counts = new Map<keyof typeof REASONS, { count: number; example: string }>();

  /** @param path relative to the dataset's root */
  add(reason: keyof typeof REASONS, path: string): void {
    const known = this.#counts.get(reason);
    if (known) known.count++;
    else this.#counts.set(reason, { count: 1, example: path });
  }

  /** One sentence for all; null where there is nothing to say. */
  note(): string | null {
    const parts = [...this.#counts].map(
      ([reason, { count, example }]) => `${count} ${REASONS[reason]} (${example}${count > 1 ? ', …' : ''})`,
    );
    return parts.length === 0 ? null : `left out: ${parts.join('; ')}`;
  }
}
