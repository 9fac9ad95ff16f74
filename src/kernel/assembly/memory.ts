/** First byte that the caller may use; the tables and scratch of all sources lie below. */
export function heapBase(): usize {
  return __heap_base;
}
