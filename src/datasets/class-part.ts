/** Splits the classes of a dataset into disjoint parts. */
import { createHash } from 'node:crypto';
import type { ClassPart } from './spec.ts';

/**
 * The part of `of` that a class belongs to, from 1. It depends on the label alone, by its SHA-256, so a class is in the same part
 * in every split of a dataset and however much of it is there; parts are of about equal size where classes are many.
 */
export function partOf(label: string, of: number): number {
  return (createHash('sha256').update(label).digest().readUInt32BE(0) % of) + 1;
}

/** Whether a class is to be kept. */
export function inPart(label: string, classes: ClassPart | undefined): boolean {
  return classes === undefined || partOf(label, classes.of) === classes.part;
}
