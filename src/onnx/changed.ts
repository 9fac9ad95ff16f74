/** Copies of messages with other values in some fields. */
import type { Message } from '@bufbuild/protobuf';

/**
 * A copy of a message in which some fields are others; what they hold is shared. (Spreading a message into `create` gives an object
 * without the defaults, which stand in the prototype: a node whose domain is undefined and not ''.)
 */
export function changed<M extends Message>(message: M, fields: Partial<Omit<M, keyof Message>>): M {
  const copy = Object.create(Object.getPrototypeOf(message) as object) as M;
  return Object.assign(copy, message, fields);
}
