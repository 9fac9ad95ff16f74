/** One resumable piece of work in a folder: its lock, its identity, its journal. */
export { check, parseJson, parseLines, read, readIfAny, readJson } from './files.ts';
export { checkedLines, type JournalRules, JournalWriter, readJournal } from './journal.ts';
export { type Holder, holderOf, LOCK_FILE, locked } from './lock.ts';
export { type AnyManifest, findRun, openRunFolder, readRun } from './run-folder.ts';
