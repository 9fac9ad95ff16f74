/** What a dataset is: a flat list of labelled images that can be read one at a time. */
import type { LeftOut } from './left-out.ts';

/** One labelled image. */
export interface DatasetItem {
  /** Unique and stable: the path relative to the dataset's root with '/' separators; 'archive.zip/entry' inside a zip. */
  readonly id: string;
  /** The class. */
  readonly label: string;
  /** Absolute path of the image file; absent inside a zip. */
  readonly path?: string;
  /** The encoded bytes of the image. Throws IMAGE_UNREADABLE when they are missing or damaged. */
  read(): Promise<Uint8Array>;
}

/** An opened dataset: the items in the order of their ids (by UTF-16 code units, whatever the locale). */
export interface Dataset {
  /** The --data notation, as it was given. */
  readonly spec: string;
  /** Absolute path of the folder that the ids are relative to. */
  readonly root: string;
  /** The split that was asked for; null for all images. */
  readonly split: string | null;
  readonly items: DatasetItem[];
  /** The distinct labels of `items`, sorted. */
  readonly labels: string[];
  /** What a person should know of it: files that were left out, labels taken as one. A sentence each. */
  readonly notes: string[];
  /** SHA-256 (hex) over the ids, labels and file sizes of `items`; the same on every machine. */
  readonly fingerprint: string;
}

/** An item as a layout finds it, before duplicates are dropped and a sample is drawn. */
export interface FoundItem {
  readonly item: DatasetItem;
  /** Size in bytes where the layout knows it already (zip entries); else the file is asked. */
  readonly size?: number;
  /** The label before it was trimmed and normalised, where that may merge two. */
  readonly rawLabel?: string;
  /** "file:line" that names the item, for messages. */
  readonly where?: string;
}

/** What a layout returns. */
export interface FoundDataset {
  /** Absolute path of the folder that the ids are relative to. */
  readonly root: string;
  readonly found: FoundItem[];
  /** What lies there and is none of it; absent: nothing. */
  readonly leftOut?: LeftOut;
}
