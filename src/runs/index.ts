/** One resumable piece of work in a folder: its lock, its identity, its journal, its units. */
export { check, parseJson, parseLines, read, readIfAny, readJson } from './files.ts';
export { checkedLines, type JournalRules, JournalWriter, readJournal } from './journal.ts';
export { type Holder, holderOf, LOCK_FILE, locked } from './lock.ts';
export { inOrder } from './ordered.ts';
export {
  performRun,
  type Run,
  type RunProgress,
  type RunWorker,
  SKIPPED_RULES,
  type SkippedRow,
} from './run.ts';
export { type AnyManifest, findRun, openRunFolder, readRun } from './run-folder.ts';
